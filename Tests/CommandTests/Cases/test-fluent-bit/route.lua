function cb_filter(tag, timestamp, record)
  if record.path == "/x" then return -1, timestamp, record end
  return 0, timestamp, record
end
