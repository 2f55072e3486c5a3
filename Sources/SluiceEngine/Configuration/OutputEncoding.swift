package import SluiceComponent
package import SluiceConfig
package import SluiceEncoding

/// The checked `encoding` of an output.
package struct OutputEncoding: Sendable, Equatable {
    /// The encoding's name, such as `csv`.
    package let name: String
    /// Its options as they were written.
    package let values: OptionValues
    /// What stands at the head of each file: the names of CSV columns.
    package let header: [UInt8]
    /// Names of fields that its template or columns show, as written.
    package let fieldNames: [String]
    private let recordValues: OptionValues

    /// An encoding with its options; refuses what cannot be made. CSV needs `columns` here, because every file has to begin with
    /// the same header.
    package init(_ variant: OptionValues.Variant, inputs: [String]) throws(ConfigError) {
        name = variant.name
        values = variant.values
        if name == CSVEncoder.kind {
            guard let columns = values.list("columns") else {
                throw ConfigError(
                    .missingOption,
                    "encoding `csv` of an output needs `columns`, so that every file has the same; write `{ type: csv, columns: [timestamp, message] }`"
                )
            }
            header = values.boolean("header") ? try CSVEncoder.headerRow(values) : []
            fieldNames = columns
            recordValues = values.replacing("header", with: "false")
        } else {
            header = []
            fieldNames = try EncoderCatalogue.fieldNames(name, values: values)
            recordValues = values
        }
        _ = try EncoderCatalogue.make(name, values: recordValues, inputs: inputs)
    }

    /// An encoder of records, without header. For an output that frames them itself nothing in them is escaped for the sake of lines.
    package func makeEncoder(inputs: [String], framing: RecordFraming = .asEncoded) -> any Encoder {
        var values = recordValues
        if framing != .asEncoded, values.declares("framing"), !values.isSet("framing") {
            values = values.replacing("framing", with: "kept")
        }
        // The initialiser has made one of the same values.
        return try! EncoderCatalogue.make(name, values: values, inputs: inputs)
    }

    package static func == (left: OutputEncoding, right: OutputEncoding) -> Bool {
        left.name == right.name && left.values == right.values
    }
}
