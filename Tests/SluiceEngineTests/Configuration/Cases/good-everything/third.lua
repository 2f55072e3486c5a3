function cb_filter(tag, time, record) return 0, time, record end
