//! A small proxy that is fair and takes no chances: it sends no request twice.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use amo_connect_tests::{KeptConnection, Reply};

/// Sends requests to instances in turn, over connections that it keeps. Only where an instance
/// refuses a connection, so that nothing was sent, does the next one get the request.
pub(crate) struct Balancer {
    instances: Vec<Instance>,
    next: AtomicUsize,
}

struct Instance {
    address: String,
    kept: Mutex<Vec<KeptConnection>>,
    reused: AtomicUsize,
}

impl Balancer {
    pub(crate) fn over(addresses: impl IntoIterator<Item = String>) -> Self {
        let instance = |address| Instance { address, kept: Mutex::default(), reused: AtomicUsize::new(0) };
        Self { instances: addresses.into_iter().map(instance).collect(), next: AtomicUsize::new(0) }
    }

    /// The answer to a request, or why there is none.
    pub(crate) async fn ask(&self, head: &str) -> io::Result<Reply> {
        let first = self.next.fetch_add(1, Relaxed);
        let mut refused = io::ErrorKind::NotConnected.into();
        for turn in 0..self.instances.len() {
            let instance = &self.instances[(first + turn) % self.instances.len()];
            match instance.connection().await {
                Ok(connection) => return instance.ask(connection, head).await,
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// How many requests went over a connection that had been used before.
    pub(crate) fn reused(&self) -> usize {
        self.instances.iter().map(|instance| instance.reused.load(Relaxed)).sum()
    }
}

impl Instance {
    async fn connection(&self) -> io::Result<KeptConnection> {
        let kept = self.kept.lock().unwrap().pop();
        match kept {
            Some(connection) => {
                self.reused.fetch_add(1, Relaxed);
                Ok(connection)
            }
            None => KeptConnection::to(&self.address).await,
        }
    }

    async fn ask(&self, mut connection: KeptConnection, head: &str) -> io::Result<Reply> {
        let reply = connection.ask(head).await?;
        if !reply.closes() {
            self.kept.lock().unwrap().push(connection);
        }
        Ok(reply)
    }
}
