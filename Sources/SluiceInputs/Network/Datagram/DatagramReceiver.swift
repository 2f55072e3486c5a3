import Logging
package import SluiceComponent
package import SluiceNetwork

/// The datagram side of an input that listens: every address for datagrams of its setting, each socket with a thread of its own.
///
/// One thread more asks the kernel every second what it has dropped, because those that receive wait while outputs are slow: that is
/// when datagrams are lost.
///
///     open()    binds all sockets, or none
///     start()   receives until the session's stop is set
///     join()    waits until what had come by then is sent
package final class DatagramReceiver {
    /// Nanoseconds between two looks at what was dropped, and while nothing has come into any socket for a while.
    private static let lookNs: Int64 = 1_000_000_000
    private static let restingNs: Int64 = 60_000_000_000

    private let setting: ListeningSetting
    private let rates: PeerRates?
    private let session: any InputSession
    private var sockets: [DatagramSocket] = []
    private var threads: [WorkerThread] = []

    /// A receiver that has no sockets yet.
    package init(_ setting: ListeningSetting, rates: PeerRates?, session: any InputSession) {
        self.setting = setting
        self.rates = rates
        self.session = session
    }

    /// The addresses as bound: one for each socket.
    package var addresses: [NetworkAddress] { sockets.map(\.address) }

    /// Binds all datagram addresses. From here on the kernel collects what comes.
    package func open() throws(NetworkError) {
        guard setting.kind.takesDatagrams else { return }
        sockets = try DatagramSocket.bindAll(setting.listen, count: setting.receivers, log: session.log)
        session.count(.opened, sockets.count)
    }

    /// Starts the threads, which end after the stop.
    package func start() {
        var last: String?
        for socket in sockets where socket.name != last {
            session.log.info("listening on \(socket.name)")
            last = socket.name
        }
        var reports: [DropReport] = []
        for socket in sockets {
            let drops = DropReport(socket, log: session.log)
            if !socket.isUnix { reports.append(drops) }
            threads.append(
                WorkerThread("datagrams") { [setting, rates, session] in
                    DatagramIntake(socket, setting, rates: rates, drops: drops, session: session).run()
                })
        }
        guard !reports.isEmpty else { return }
        threads.append(
            WorkerThread("drops") { [reports, session] in
                while !session.stop.wait(nanoseconds: reports.allSatisfy(\.isResting) ? Self.restingNs : Self.lookNs) {
                    for report in reports { report.readSocket(session) }
                }
            })
    }

    /// Waits for the threads' end. The session's stop has to be set.
    package func join() {
        for thread in threads { thread.join() }
        threads = []
        sockets = []
    }

    /// Closes what was opened and not started.
    package func close() {
        for socket in sockets { socket.remove() }
        sockets = []
    }
}
