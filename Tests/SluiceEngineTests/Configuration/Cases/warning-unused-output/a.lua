function process(event) also("third") end
