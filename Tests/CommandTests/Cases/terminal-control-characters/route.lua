function process(event)
  print("red \27[31m bell \7 two\nlines")
end
