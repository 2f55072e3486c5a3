return {
  web = "web team"
  mail = "mail team",
}
