print("loading")
function process(event)
  print("seen", event.message, 1, true, nil)
end
