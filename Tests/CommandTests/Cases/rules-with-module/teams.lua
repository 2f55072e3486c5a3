return { web = "web team" }
