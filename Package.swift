// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: language mode 6 with warnings as errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A target of ours; `uses` are targets above it in the order that data passes.
func stage(_ name: String, uses: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: strict)
}

/// Tests of the target of the same name.
func tests(_ name: String, uses: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + uses, exclude: exclude, resources: resources,
        swiftSettings: strict)
}

/// PCRE2, only with the trait that says so.
let regex: Target.Dependency = .target(name: "CPCRE2", condition: .when(traits: ["Regex"]))

/// zstd, only with the trait that says so.
let zstd: Target.Dependency = .target(name: "CZstd", condition: .when(traits: ["Zstd"]))

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"])
    ],
    traits: [
        .trait(name: "Regex", description: "the re and grok libraries and formats; needs libpcre2-dev"),
        .trait(name: "Zstd", description: "zstd compressed files; needs libzstd-dev"),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CLua", providers: [.apt(["liblua5.4-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
        .target(
            name: "CSluice",
            dependencies: ["CLua"],
            linkerSettings: [.linkedLibrary(":liblua5.4.a"), .linkedLibrary("m"), .linkedLibrary("dl")]),

        stage("SluiceEvent", uses: ["CSluice"]),
        stage("SluiceConfig", uses: [.product(name: "Yams", package: "Yams")]),
        stage("SluiceRegex", uses: ["SluiceConfig", "CSluice", regex]),
        stage("SluiceComponent", uses: ["SluiceConfig", "SluiceEvent", "CSluice", .product(name: "Logging", package: "swift-log")]),
        stage(
            "SluiceStore",
            uses: [
                "SluiceComponent", "CSluice", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        stage("SluiceFraming", uses: ["SluiceComponent", "SluiceConfig", "SluiceEvent", "CSluice"]),
        stage("SluiceDecoding", uses: ["SluiceComponent", "SluiceConfig", "SluiceEvent", "SluiceRegex", "CSluice"]),
        stage("SluiceEncoding", uses: ["SluiceComponent", "SluiceConfig", "SluiceEvent", "CSluice"]),
        stage(
            "SluiceNetwork",
            uses: [
                "SluiceComponent", "SluiceConfig", "CSluice", "CZlib", zstd,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        stage(
            "SluiceInputs",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEvent", "SluiceFraming", "SluiceNetwork", "SluiceRegex",
                "CSluice", "CZlib", zstd,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        stage(
            "SluiceTestKit", uses: ["SluiceComponent", "SluiceEvent", "CSluice", .product(name: "Logging", package: "swift-log")]),
        stage("SluiceLua", uses: []),
        stage(
            "SluiceRules",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEncoding", "SluiceEvent", "SluiceFraming", "SluiceLua",
                "SluiceRegex", "CSluice",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        stage(
            "SluiceOutputs",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceEncoding", "SluiceEvent", "SluiceNetwork", "CSluice", "CZlib", zstd,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
            ]),
        stage(
            "SluiceAdmin",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceEvent",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        stage(
            "SluiceEngine",
            uses: [
                "SluiceAdmin", "SluiceComponent", "SluiceConfig", "SluiceEvent", "SluiceDecoding", "SluiceEncoding", "SluiceFraming",
                "SluiceInputs", "SluiceLua", "SluiceOutputs", "SluiceRegex", "SluiceRules", "SluiceStore", "CSluice",
                .product(name: "Logging", package: "swift-log"),
            ]),
        stage(
            "SluiceCommands",
            uses: [
                "SluiceAdmin", "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEncoding", "SluiceEngine", "SluiceEvent",
                "SluiceFraming", "SluiceInputs", "SluiceLua", "SluiceNetwork", "SluiceOutputs", "SluiceRegex", "SluiceRules", "SluiceStore",
                "CSluice",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "sluice", dependencies: ["SluiceCommands"], swiftSettings: strict),

        .target(name: "CPatternFuzz", dependencies: ["CLua", "CSluice"], path: "Tests/CPatternFuzz"),
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        .target(name: "CLawFixture", dependencies: ["CLua"], path: "Tests/CLawFixture"),
        .target(name: "GoldenKit", path: "Tests/GoldenKit", swiftSettings: strict),
        tests("CSluice", uses: ["CPatternFuzz"]),
        .testTarget(name: "RepositoryTests", swiftSettings: strict),
        tests("SluiceConfig", uses: [.product(name: "Yams", package: "Yams")]),
        tests("SluiceEvent"),
        tests("SluiceComponent", uses: ["SluiceEvent", "CSluice"]),
        tests(
            "SluiceStore",
            uses: [
                "SluiceComponent", "CSluice", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        tests(
            "SluiceNetwork",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceTestKit",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "SluiceAdmin", uses: ["GoldenKit", "SluiceComponent", .product(name: "Logging", package: "swift-log")], exclude: ["Golden"]),
        tests(
            "SluiceOutputs",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceEncoding", "SluiceEvent", "SluiceNetwork", "SluiceTestKit", "CSluice", "CZlib",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "SluiceEngine",
            uses: [
                "SluiceAdmin", "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEncoding", "SluiceEvent", "SluiceFraming",
                "SluiceInputs", "SluiceOutputs", "SluiceRules", "SluiceStore", "SluiceTestKit", "CSluice", "GoldenKit",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Configuration/Cases", "Configuration/Golden"]),
        tests(
            "SluiceInputs",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceEncoding", "SluiceEvent", "SluiceFraming", "SluiceNetwork", "SluiceTestKit",
                "CAllocationCount", "CSluice", "CZlib",
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ]),
        tests(
            "SluiceFraming",
            uses: ["SluiceComponent", "SluiceConfig", "SluiceEvent", "SluiceTestKit", "CSluice"],
            resources: [.copy("Conformance")]),
        tests(
            "SluiceEncoding",
            uses: [
                "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEvent", "SluiceTestKit", "CSluice",
                "CAllocationCount",
            ],
            resources: [.copy("Golden")]),
        tests("SluiceRegex"),
        tests(
            "SluiceRules",
            uses: [
                "CLawFixture", "CLua", "SluiceComponent", "SluiceConfig", "SluiceDecoding", "SluiceEncoding", "SluiceEvent",
                "CSluice",
            ]),
        tests(
            "SluiceDecoding",
            uses: ["SluiceComponent", "SluiceConfig", "SluiceEvent", "SluiceTestKit", "CAllocationCount", "CSluice"],
            resources: [.copy("Conformance"), .copy("Cases")]),
        .testTarget(name: "ExamplesTests", dependencies: ["sluice", "GoldenKit"], swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "sluice", "GoldenKit", "SluiceAdmin", "SluiceComponent", "SluiceInputs", "SluiceOutputs", "SluiceStore",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Cases"], swiftSettings: strict),
    ]
)
