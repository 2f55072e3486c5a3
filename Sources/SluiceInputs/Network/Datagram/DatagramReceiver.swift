package import SluiceComponent
package import SluiceNetwork

/// The datagram side of an input that listens: every address for datagrams of its setting, each socket with a thread of its own.
///
///     open()    binds all sockets, or none
///     start()   receives until the session's stop is set
///     join()    waits until what had come by then is sent
package final class DatagramReceiver {
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
        for socket in sockets {
            threads.append(
                WorkerThread("datagrams") { [setting, rates, session] in
                    DatagramIntake(socket, setting, rates: rates, session: session).run()
                })
        }
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
