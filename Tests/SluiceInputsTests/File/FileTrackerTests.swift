import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceInputs

@Suite struct FileTrackerTests {
    let a = Inode(device: 1, number: 10)
    let b = Inode(device: 1, number: 11)

    func tracker(saved: [String] = []) -> FileTracker {
        FileTracker(saved: saved, now: 0, rotateWaitNs: 10, forgetAfterNs: 100)
    }

    func file(_ inode: Inode, size: Int = 1, modified: Int64 = 1) -> FileStatus {
        FileStatus(inode: inode, kind: .file, size: size, modifiedNs: modified)
    }

    @Test func `files of the first listing were there and later ones were not`() {
        var tracker = tracker()
        #expect(tracker.scanned(["/a": file(a)], now: 0) == [.begin(a, path: "/a", wasThere: true)])
        #expect(tracker.scanned(["/a": file(a), "/b": file(b)], now: 1) == [.begin(b, path: "/b", wasThere: false)])
    }

    @Test func `the oldest file is begun first`() {
        var tracker = tracker()
        let actions = tracker.scanned(["/a": file(a, modified: 9), "/b": file(b, modified: 3)], now: 0)
        #expect(actions == [.begin(b, path: "/b", wasThere: true), .begin(a, path: "/a", wasThere: true)])
    }

    @Test func `nothing happens while nothing changes`() {
        var tracker = tracker()
        _ = tracker.scanned(["/a": file(a)], now: 0)
        #expect(tracker.scanned(["/a": file(a)], now: 5) == [])
        #expect(tracker.timePassed(now: 1_000) == [])
        #expect(tracker.deadline == nil)
    }

    @Test func `a file that grew or was touched is looked at`() {
        var tracker = tracker()
        _ = tracker.scanned(["/a": file(a)], now: 0)
        #expect(tracker.scanned(["/a": file(a, size: 2)], now: 1) == [.look(a)])
        #expect(tracker.scanned(["/a": file(a, size: 2, modified: 2)], now: 2) == [.look(a)])
    }

    @Test func `a rename within the patterns is a rename and its successor a new file`() {
        var tracker = tracker()
        _ = tracker.scanned(["/a": file(a)], now: 0)
        let actions = tracker.scanned(["/a.1": file(a), "/a": file(b)], now: 1)
        #expect(actions == [.rename(a, path: "/a.1"), .begin(b, path: "/a", wasThere: false)])
    }

    @Test func `a file without a name is left first, closed when it was idle and forgotten at last`() {
        var tracker = tracker()
        _ = tracker.scanned(["/a": file(a)], now: 0)
        #expect(tracker.scanned(["/a": file(b)], now: 1) == [.leave(a), .begin(b, path: "/a", wasThere: false)])
        #expect(tracker.scanned(["/a": file(b)], now: 2) == [])
        tracker.wasBusy(a, now: 5)
        #expect(tracker.deadline == 15)
        #expect(tracker.timePassed(now: 14) == [])
        #expect(tracker.timePassed(now: 15) == [.close(a)])
        #expect(tracker.deadline == 115)
        #expect(tracker.timePassed(now: 115) == [.forget(key: "1:a")])
        #expect(tracker.deadline == nil)
    }

    @Test func `a file that comes back under a name is followed again`() {
        var tracker = tracker()
        _ = tracker.scanned(["/a": file(a)], now: 0)
        _ = tracker.scanned([:], now: 1)
        #expect(tracker.scanned(["/c": file(a)], now: 2) == [.rename(a, path: "/c")])
        #expect(tracker.timePassed(now: 50) == [])
    }

    @Test func `of two names for one file one is taken and kept`() {
        var tracker = tracker()
        #expect(tracker.scanned(["/b": file(a), "/a": file(a)], now: 0) == [.begin(a, path: "/a", wasThere: true)])
        #expect(tracker.scanned(["/b": file(a), "/0": file(a), "/a": file(a)], now: 1) == [])
        #expect(tracker.scanned(["/b": file(a)], now: 2) == [.rename(a, path: "/b")])
    }

    @Test func `a saved position of a file that is not there is forgotten in time`() {
        var tracker = tracker(saved: ["1:a", "1:b"])
        _ = tracker.scanned(["/a": file(a)], now: 0)
        #expect(tracker.timePassed(now: 100) == [.forget(key: "1:b")])
    }
}
