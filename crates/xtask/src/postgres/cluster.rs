//! A server of its own in a folder of its own, both gone with whoever started it.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::account::Account;
use super::binaries;

/// Its data last for a run of tests: whatever only protects them from a power cut is off.
const SETTINGS: &str = "
fsync = off
full_page_writes = off
max_connections = 300
timezone = 'UTC'
";

/// What a server has beside the usual.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1 to listen on. A server without one is reached by its socket alone.
    pub port: Option<u16>,
    /// Further lines of `postgresql.conf`.
    pub settings: String,
    /// What `pg_hba.conf` has instead of the usual, which lets in whoever can reach the socket.
    pub access: String,
    /// Files to put into the folder, each readable to the server alone.
    pub files: Vec<(&'static str, String)>,
}

/// A running server. Dropping it stops the server and removes its folder; so does the end of
/// this process, whatever ends it.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    account: Option<Account>,
    port: u16,
    supervisor: Child,
}

impl Cluster {
    /// Starts a server, and installs it first where Debian can.
    pub fn start(options: &Options) -> Result<Self, String> {
        let programs = binaries::find()?;
        let account = Account::find()?;
        let folder = new_folder(account).map_err(|error| format!("no folder for PostgreSQL can be made: {error}"))?;
        for (name, content) in &options.files {
            write(&folder.join(name), content, account)
                .map_err(|error| format!("{name} cannot be written: {error}"))?;
        }
        let port = options.port.unwrap_or(5432);
        let listen = if options.port.is_some() { "127.0.0.1" } else { "" };
        let settings = format!(
            "{SETTINGS}port = {port}\nlisten_addresses = '{listen}'\nunix_socket_directories = '{}'\n{}",
            folder.display(),
            options.settings,
        );
        let mut command = Command::new("sh");
        command.arg("-c").arg(include_str!("supervisor.sh")).arg("supervisor");
        command.arg(&programs).arg(&folder).arg(settings).arg(&options.access);
        // A group of its own: Ctrl-C at the terminal is for us, and our end tells the supervisor.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(account) = account {
            account.run(&mut command);
        }
        let supervisor =
            command.spawn().map_err(|error| format!("PostgreSQL's supervisor could not be started: {error}"))?;
        let mut cluster = Self { programs, folder, account, port, supervisor };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The address of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('%', "%25").replace('/', "%2F");
        format!("postgres://postgres@{host}:{}/{database}", self.port)
    }

    /// The server's folder, with its socket in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server as an operator does; what was committed stays.
    pub fn stop(&self) -> Result<(), String> {
        self.control(&["--mode=fast", "--wait", "stop"])
    }

    /// Starts a stopped server again.
    pub fn start_again(&self) -> Result<(), String> {
        self.control(&["--log=server.log", "--wait", "--timeout=60", "start"])
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// A program of this server's, in its folder and as its account.
    pub(super) fn program(&self, name: &str) -> Command {
        self.in_folder(self.programs.join(name))
    }

    /// Any program, in the same way.
    pub(super) fn in_folder(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    fn control(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = self.program("pg_ctl");
        command.arg("--pgdata=data").args(arguments);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("pg_ctl ended with {status}")),
            Err(error) => Err(format!("pg_ctl could not be started: {error}")),
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let Some(output) = self.supervisor.stdout.take() else {
            return Err("PostgreSQL's supervisor is mute".to_owned());
        };
        let mut output = BufReader::new(output);
        let mut said = String::new();
        let read = output.read_line(&mut said);
        if read.is_ok() && said == "ready\n" {
            return Ok(());
        }
        // It ends by itself after this.
        let told = output.read_to_string(&mut said);
        Err(format!("PostgreSQL did not start: {}", told.map_or("no reason is known", |_| said.trim())))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // Nobody is left to be told if it went already.
        let _ = self.supervisor.wait();
    }
}

/// A folder that only the server's account can look into. Short, because the path of a socket
/// must be.
fn new_folder(account: Option<Account>) -> std::io::Result<PathBuf> {
    let process = std::process::id();
    for number in 0.. {
        let folder = std::env::temp_dir().join(format!("amo-connect-pg-{process}-{number}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made?;
                if let Some(account) = account {
                    account.own(&folder)?;
                }
                return Ok(folder);
            }
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn write(file: &Path, content: &str, account: Option<Account>) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(content.as_bytes())?;
    account.map_or(Ok(()), |account| account.own(file))
}
