read as a log
