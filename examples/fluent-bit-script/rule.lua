-- A filter written for Fluent Bit's Lua 5.1, run as it is: `--api fluent-bit --call cb_filter`.
-- code -1 drops the record, 0 keeps it as it came, 1 takes timestamp and record, 2 takes the record alone.

local levels = { "trace", "debug", "info", "warn", "error", "fatal" }

local function level_name(number)
    -- bunyan and pino count levels in tens: 30 is info
    return levels[math.floor(number / 10)] or "unknown"
end

function cb_filter(tag, timestamp, record)
    -- what probes and debuggers say
    if record["path"] == "/healthz" then
        return -1, timestamp, record
    end

    -- nothing to do
    if type(record["level"]) ~= "number" and record["items"] == nil then
        return 0, timestamp, record
    end

    -- numbers to names
    if type(record["level"]) == "number" then
        record["level"] = level_name(record["level"])
    end
    if record["level"] == "debug" or record["level"] == "trace" then
        return -1, timestamp, record
    end

    -- milliseconds since 1970 become the time of the record
    if record["time"] ~= nil then
        local seconds = record["time"] / 1000
        record["time"] = nil
        return 1, seconds, record
    end

    -- one record an item
    if type(record["items"]) == "table" then
        local lines = {}
        for i = 1, table.getn(record["items"]) do
            local sku, count = unpack(record["items"][i])
            table.insert(lines, {
                order = record["order"],
                sku = sku,
                count = count,
                label = string.format("%d x %s", count, sku),
            })
        end
        return 2, timestamp, lines
    end

    return 2, timestamp, record
end
