//! Starts a local amoCRM on free ports and says where it is, until Ctrl-C.

use amo_connect_sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(Options::default()).await?;
    eprintln!("{}?client_id=sandbox&state=hello", sandbox.auth_url());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
