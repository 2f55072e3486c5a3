not a rule
