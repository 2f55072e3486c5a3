extension DatabaseSchema {
    /// `sluice.db`. ARCHITECTURE.md has the drawing.
    static let store = DatabaseSchema(
        applicationID: 0x736c_7531,  // slu1
        steps: [
            """
            CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE positions (
                input TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (input, key)) WITHOUT ROWID;
            CREATE TABLE states (
                rule TEXT NOT NULL, lane INTEGER NOT NULL, version INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (rule, lane));
            CREATE TABLE letters (
                id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, size INTEGER NOT NULL, rule TEXT, line INTEGER,
                output TEXT, input TEXT NOT NULL, generation INTEGER NOT NULL, error TEXT NOT NULL, traceback TEXT, also TEXT,
                event BLOB NOT NULL, raw BLOB, packed BLOB NOT NULL);
            CREATE INDEX letters_time ON letters (time);
            CREATE INDEX letters_rule ON letters (rule);
            CREATE TABLE letter_totals (count INTEGER NOT NULL, bytes INTEGER NOT NULL);
            INSERT INTO letter_totals VALUES (0, 0);
            CREATE TABLE generations (
                id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, time INTEGER NOT NULL, configuration BLOB NOT NULL);
            CREATE TABLE generation_files (
                generation INTEGER NOT NULL, path TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (generation, path));
            """
        ])

    /// A disk buffer: `buffers/OUTPUT.db`.
    static let buffer = DatabaseSchema(
        applicationID: 0x736c_7562,  // slub
        steps: [
            """
            CREATE TABLE parcels (
                id INTEGER PRIMARY KEY, time INTEGER NOT NULL, events INTEGER NOT NULL, size INTEGER NOT NULL,
                parts BLOB NOT NULL, letters BLOB NOT NULL, bytes BLOB NOT NULL);
            CREATE TABLE totals (
                last_id INTEGER NOT NULL, count INTEGER NOT NULL, events INTEGER NOT NULL, size INTEGER NOT NULL);
            INSERT INTO totals VALUES (0, 0, 0, 0);
            """
        ])
}
