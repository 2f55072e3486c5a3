function proces(event)
end
