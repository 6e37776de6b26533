//! A real standby is promoted that lacks what the server had confirmed.

use amo_connect_sandbox::Switches;
use amo_connect_tests::{ACCOUNT, Served, World, until};
use amo_connect_xtask::postgres::{Cluster, Options, Standby};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How many rows a query finds there.
async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.map_or(0, |row| row.get(0))
}

fn set_life(world: &World, expires_in: u64) {
    world.sandbox.set_switches(Switches { expires_in, ..world.sandbox.switches() }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_had_not_arrived_at_a_promoted_standby_is_saved_there() {
    let server = Cluster::start(&Options::default()).unwrap();
    let standby = Standby::of(&server).unwrap();
    let mut world = World::without_service().await;
    world.settings.database_url = Some(standby.url_of_both("postgres"));
    let service = Served::start(&world.settings, &world.folder()).await;
    set_life(&world, 1);
    world.connect_by(&service, "olena", ACCOUNT).await;
    set_life(&world, 24 * 60 * 60);
    let follower = connect(&standby.url("postgres")).await;
    until("the connection has arrived", async || count(&follower, "connections").await == 1).await;

    // From now on nothing arrives.
    follower.batch_execute("ALTER SYSTEM SET primary_conninfo = ''").await.unwrap();
    follower.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    until("it does not follow any more", async || count(&follower, "pg_stat_wal_receiver").await == 0).await;
    let ends = world.sandbox.grants()[0].access_expires_at;
    until("the access token has ended", async || world.sandbox.clock().now > ends).await;
    assert_eq!(service.get("olena", "/leads?limit=1").await.status, 200);
    server.stop().unwrap();
    standby.promote().unwrap();

    let is_served = async || service.get("olena", "/leads?limit=1").await.status == 200;
    until("olena is served from the standby", is_served).await;
    service.process().until_logged("the database has lost tokens that it had confirmed; they are saved again").await;
    let row = follower.query_one("SELECT generation FROM connections", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), world.sandbox.stats().refreshes), (2, 1));
    // The newest pair is there: it is taken.
    world.sandbox.expire_access(ACCOUNT).unwrap();
    assert_eq!(service.get("olena", "/leads?limit=1").await.status, 200);
    assert_eq!(world.sandbox.stats().refreshes, 2);
}
