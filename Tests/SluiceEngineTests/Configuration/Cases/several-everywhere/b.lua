function process(event) return nonsense( end
