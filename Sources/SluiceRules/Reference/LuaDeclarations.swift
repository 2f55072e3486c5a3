/// The part of the Lua API that is no library: event, meta, decisions, values, state, timers.
enum LuaDeclarations {
    /// LuaCATS definitions, the head of the file.
    static let text = #"""
        ---@meta sluice

        ---Sluice: the Lua API of rules. Put this file into the library of your Lua language server, and write
        ---`---@param event event` and `---@param meta meta` above your `process`.

        ---The record at hand. Reading converts nothing but the field read; an absent field is nil; `event.x = nil` deletes.
        ---`pairs(event)` goes in order. Further fields are whatever the input's format found.
        ---@class event
        ---@field timestamp timestamp|string|number|nil # reads as timestamp; takes a timestamp, RFC 3339 text or Unix seconds
        ---@field hostname string?
        ---@field appname string?
        ---@field procid string?
        ---@field msgid string?
        ---@field facility facility?
        ---@field severity severity?
        ---@field facility_code integer? # 0 to 23, the number of `facility`
        ---@field severity_code integer? # 0 (emerg) to 7 (debug), the number of `severity`
        ---@field version integer?
        ---@field structured_data table<string, table<string, string>>?
        ---@field message string?
        ---@field [string] any

        ---@alias severity "emerg"|"alert"|"crit"|"err"|"warning"|"notice"|"info"|"debug"
        ---@alias facility "kern"|"user"|"mail"|"daemon"|"auth"|"syslog"|"lpr"|"news"|"uucp"|"cron"|"authpriv"|"ftp"|"ntp"|"audit"|"alert"|"clock"|"local0"|"local1"|"local2"|"local3"|"local4"|"local5"|"local6"|"local7"

        ---What is known about the event and is not sent. A string set by a rule (`meta.index = "x"`) stands in output templates
        ---as `{@index}`.
        ---@class meta
        ---@field input string? # name of the input (read-only)
        ---@field peer string? # who sent it (read-only)
        ---@field received timestamp # when it was received (read-only)
        ---@field raw string? # the bytes as they came (read-only)
        ---@field format string? # the decoder (read-only)
        ---@field flags table # names of the repairs, as list and as keys: `meta.flags.no_pri` (read-only)
        ---@field [string] string?

        ---@class decision

        ---Called for each event. Return nothing (or `pass`) for the next rule, `drop`, or the names of the outputs.
        ---@type fun(event: event, meta: meta): (decision|string|string[]|nil), ...: string
        process = nil

        ---Called once at the end: of the process, or of the input of `sluice filter`; not at a reload.
        ---@type fun()?
        shutdown = nil

        ---Called when `state_version` differs from the version that the kept state was written with; answers the new state.
        ---@type fun(old_state: table, old_version: integer?): table?
        migrate = nil

        ---Version of the shape of `state`; set it at the top of the rule.
        ---@type integer?
        state_version = nil

        ---`return drop` discards the event; it is counted as dropped by this rule.
        ---@type decision
        drop = nil

        ---`return pass` goes on with the next rule, as returning nothing does.
        ---@type decision
        pass = nil

        ---Adds outputs without ending the chain; they get the event in its final form, also when a later rule drops it.
        ---@param output string
        ---@param ... string
        function also(output, ...) end

        ---Sends an additional event, copied at once. Without outputs it goes on with the next rule. At most 1,000 per call.
        ---@param event event|table
        ---@param ... string
        function emit(event, ...) end

        ---A copy of an event (with its meta) that may be kept and changed on its own.
        ---@param event event
        ---@return event
        function clone(event) end

        ---The JSON null: a value, and true in conditions; test `event.x == null`.
        ---@class null
        null = nil

        ---Marks a table as array, so that an empty one is written `[]`.
        ---@generic T: table
        ---@param table T
        ---@return T
        function array(table) end

        ---Marks a table as object, so that an empty one is written `{}`.
        ---@generic T: table
        ---@param table T
        ---@return T
        function object(table) end

        ---This rule's own table, which survives reloads and restarts: plain data only (booleans, numbers, strings, timestamps,
        ---`null`, tables).
        ---@type table
        state = {}

        ---Runs a function on the clock of the pipeline, again and again. Call it at the top of the rule. `emit` goes on with the
        ---next rule; `event` and `also` are not there.
        ---@param interval string|number # such as `"10s"`, or seconds
        ---@param action fun()
        function every(interval, action) end

        """#
}
