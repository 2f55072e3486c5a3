function process(event
