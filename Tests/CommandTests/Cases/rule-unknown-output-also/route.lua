function process(event)
  also("stdout", "archive", "oncall")
end
