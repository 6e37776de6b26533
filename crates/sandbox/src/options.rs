//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{Faults, Fixtures, HostNames, Switches, Tls};

/// How to start a sandbox; the default listens on free ports of this machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the authorization page and of *For You Real Estate*. The other accounts and the
    /// spare hosts take the ports that follow, where they have no names; with port 0 all take free
    /// ones.
    pub amo_bind: SocketAddr,
    /// The redirect URI registered for the integration `sandbox`; compared byte for byte.
    pub redirect_uri: String,
    /// Where the disconnect hook goes; without it none is sent. It leads to this machine unless
    /// `allow_non_loopback`.
    pub hook_url: Option<String>,
    /// Listens where others than this machine can come in, and sends hooks and webhooks elsewhere.
    pub allow_non_loopback: bool,
    /// What clients call the hosts of the sandbox.
    pub names: HostNames,
    /// Answers over TLS, and over nothing else.
    pub tls: Option<Tls>,
    /// Accounts to start with instead of the made-up ones.
    pub fixtures: Option<Fixtures>,
    /// Where the made-up leads, contacts, times and ids come from: one seed, one world. Tokens and
    /// codes are random whatever the seed.
    pub seed: u64,
    /// The last moment at which anything happened in the made-up world, in seconds since 1970. It
    /// moves all dates and changes nothing else; by default it is 20 November 2026, 18:00 UTC.
    pub present: u64,
    /// How many leads the list of *For You Real Estate* has.
    pub leads: usize,
    /// How many accounts there are besides the three, each as empty as *Empty*; their numbers
    /// follow its own.
    pub more_accounts: u16,
    /// Hosts kept free for accounts that move.
    pub spare_hosts: u16,
    /// Worker threads of the server.
    pub workers: usize,
    /// The faults it starts with, and goes back to on a reset.
    pub faults: Faults,
    /// The switches it starts with, and goes back to on a reset.
    pub switches: Switches,
    /// Integrations besides `sandbox`.
    pub other_integrations: Vec<Integration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            amo_bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            redirect_uri: "http://127.0.0.1:8080/api/amo-crm/callback".to_owned(),
            hook_url: None,
            allow_non_loopback: false,
            names: HostNames::Addresses,
            tls: None,
            fixtures: None,
            seed: 2026,
            present: 1_795_197_600,
            leads: 630,
            more_accounts: 0,
            spare_hosts: 3,
            workers: 1,
            faults: Faults::default(),
            switches: Switches::default(),
            other_integrations: Vec::new(),
        }
    }
}

impl Options {
    /// The integration of the service under test (`sandbox`), and the others after it.
    pub(crate) fn integrations(&self) -> Vec<Integration> {
        let own = Integration {
            client_id: "sandbox".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            redirect_uri: self.redirect_uri.clone(),
            name: "For You".to_owned(),
            hook_url: self.hook_url.clone(),
        };
        std::iter::once(own).chain(self.other_integrations.iter().cloned()).collect()
    }
}

/// An integration as amoCRM has it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its public identifier.
    pub client_id: String,
    /// Its secret, also the key of the hook's signature.
    pub client_secret: String,
    /// Where the authorization page sends the browser back to; compared byte for byte.
    pub redirect_uri: String,
    /// Its name on the consent page.
    pub name: String,
    /// Where its disconnect hook goes; without it none is sent.
    pub hook_url: Option<String>,
}
