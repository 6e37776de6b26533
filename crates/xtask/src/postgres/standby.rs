//! A standby of a server: its copy, which follows it until it is told otherwise.

use std::process::Stdio;

use super::Cluster;

/// What a standby is called in its server's folder.
const DATA: &str = "standby";

/// A running standby of a [`Cluster`], in that one's folder. Dropping it stops it.
#[derive(Debug)]
pub struct Standby<'c> {
    server: &'c Cluster,
    port: u16,
}

impl<'c> Standby<'c> {
    /// Copies `server`, and follows it.
    pub fn of(server: &'c Cluster) -> Result<Self, String> {
        // A copy of a server that stands still needs no program that might be missing.
        server.stop()?;
        let copy =
            "cp -a data \"$1\" && touch \"$1/standby.signal\" && printf '%s\\n' \"$2\" >>\"$1/postgresql.auto.conf\"";
        let follows =
            format!("primary_conninfo = 'host={} port={} user=postgres'", server.folder().display(), server.port());
        let copied = server.in_folder("sh").args(["-c", copy, "copy", DATA, &follows]).status();
        server.start_again()?;
        if !copied.is_ok_and(|status| status.success()) {
            return Err("the server could not be copied".to_owned());
        }
        let standby = Self { server, port: server.port() + 1 };
        // Its socket is beside the server's, under another number.
        let options = format!("--options=-p {} -c listen_addresses=", standby.port);
        standby.control(&["--wait", "--log=standby.log", &options, "start"])?;
        Ok(standby)
    }

    /// The address of a database, wherever it can be written: on the server, or here.
    pub fn url_of_both(&self, database: &str) -> String {
        let host = self.server.folder().display().to_string().replace('%', "%25").replace('/', "%2F");
        let (first, second) = (self.server.port(), self.port);
        format!("postgres://postgres@{host}:{first},{host}:{second}/{database}?target_session_attrs=read-write")
    }

    /// The address of a database here.
    pub fn url(&self, database: &str) -> String {
        let host = self.server.folder().display().to_string().replace('%', "%25").replace('/', "%2F");
        format!("postgres://postgres@{host}:{}/{database}", self.port)
    }

    /// Makes it a server of its own.
    pub fn promote(&self) -> Result<(), String> {
        self.control(&["--wait", "promote"])
    }

    fn control(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = self.server.program("pg_ctl");
        command.arg(format!("--pgdata={DATA}")).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("pg_ctl could not {arguments:?} the standby")),
        }
    }
}

impl Drop for Standby<'_> {
    fn drop(&mut self) {
        // Its folder goes with the server's.
        let _ = self.control(&["--mode=immediate", "--wait", "stop"]);
    }
}
