//! `sapwood demo`: a shop with real visitors' manners on a virtual clock, real HTTP, a real database, and a fault.
//!
//! The virtual clock stands still until a step's requests are answered, so the machine's speed changes how long
//! the story takes, never how it ends.

mod narrator;
mod shoppers;
mod stage;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sapwood_engine::{Clock as _, Engine, ManualClock, SeededEntropy, SystemClock};
use sapwood_sim::shop::Shop;
use sapwood_store::SqliteStore;
use tokio::net::TcpListener;

use crate::cli::{DemoArgs, Scenario};
use crate::client::Client;
use crate::exit;
use crate::failure::Failure;
use crate::first_start;
use crate::out::Out;
use crate::serve::StopSignals;
use narrator::Narrator;
use shoppers::Shoppers;
use stage::Cast;

/// Recurring visitors of the shop.
const VISITORS: u64 = 20_000;
/// Visits in one step.
const VISITS_PER_STEP: u64 = 300;
/// Virtual length of a step.
const STEP: Duration = Duration::from_secs(15);
/// The story ends here whatever happens: three virtual hours.
const STEPS_MAX: u32 = 720;
/// Virtual seconds per second when people watch.
const SPEED: u32 = 60;

/// Tells the story, then keeps the console open unless it is headless.
pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let mut stop = StopSignals::listen()?;
    let listener = bind(args.port).await?;
    let url = format!("http://{}", listener.local_addr()?);
    // Removed when this function returns, however it does.
    let home = tempfile::Builder::new().prefix("sapwood-demo-").tempdir()?;
    let clock = ManualClock::new(whole_minute());
    let store = SqliteStore::open(home.path(), Arc::new(clock.clone())).await?;
    let entropy = Arc::new(SeededEntropy::new(args.seed));
    let engine = Engine::open(Arc::new(store), Arc::new(clock.clone()), entropy).await?;
    let tokens = first_start::prepare(&engine).await?;
    let tokens = tokens.ok_or_else(|| Failure::Said("the demo's database was not empty".to_owned()))?;
    let options = sapwood_http::Options { console_open: true, ..Default::default() };
    // Until it is aborted, which takes its connections along when the runtime ends.
    let (never, at_once) = (std::future::pending(), Duration::ZERO);
    let server = tokio::spawn(sapwood_http::serve(listener, engine.clone(), options, never, at_once));
    let admin = Client::new(&url, &tokens.admin)?;
    let application = Client::new(&url, &tokens.server)?;
    let cast = stage::set(&admin).await?;
    let mut narrator = Narrator::new(Out::new(args.json), admin, began);
    narrator.open(&url, &cast, &tokens)?;
    let shoppers = Shoppers::new(application, Shop::new(args.seed, VISITORS));
    let story = tell(&args, &engine, &clock, shoppers, cast, &mut narrator);
    let end = tokio::select! {
        end = story => Some(end?),
        () = stop.heard() => None,
    };
    let Some(as_expected) = end else { return Ok(ExitCode::SUCCESS) };
    if !args.headless {
        narrator.stay(&url)?;
        keep_open(&engine, &clock, &mut stop).await?;
    }
    server.abort();
    Ok(if as_expected { ExitCode::SUCCESS } else { exit::FALLS_SHORT.into() })
}

/// The wished port, or the next free one if it is taken.
async fn bind(port: u16) -> Result<TcpListener, Failure> {
    let wished = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(wished).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?),
    }
}

/// The machine's time, cut to a whole minute so that the story does not depend on the second it starts in.
fn whole_minute() -> sapwood_core::time::Timestamp {
    sapwood_core::time::Timestamp::from_ms(SystemClock.now().minute().saturating_mul(60_000))
}

/// Runs steps until both rollouts ended; answers whether they ended as the scenario says.
async fn tell(
    args: &DemoArgs,
    engine: &Engine,
    clock: &ManualClock,
    mut shoppers: Shoppers,
    cast: Cast,
    narrator: &mut Narrator,
) -> Result<bool, Failure> {
    let speed = args.speed.or((!args.headless).then_some(SPEED));
    let mut pace = speed.map(|speed| {
        let mut pace = tokio::time::interval(STEP / speed);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        pace
    });
    let mut faulty_since = None;
    for step in 0..STEPS_MAX {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        shoppers.step(VISITS_PER_STEP, clock.now(), faulty_since.is_some_and(|since| since <= step)).await?;
        engine.settle().await?;
        clock.advance(STEP);
        let rollouts = narrator.look(&cast).await?;
        if args.scenario == Scenario::Errors && faulty_since.is_none() && rollouts.risky.stage >= 3 {
            // A bad deploy, one virtual minute after a quarter of the visitors got the slice.
            faulty_since = Some(step.saturating_add(4));
            narrator.announce_fault(&rollouts.risky)?;
        }
        if rollouts.both_ended() {
            let expected = match args.scenario {
                Scenario::Good => "completed",
                Scenario::Errors => "rolled_back",
            };
            let as_expected = rollouts.safe.state == "completed" && rollouts.risky.state == expected;
            narrator.close(args.scenario, &rollouts, as_expected)?;
            return Ok(as_expected);
        }
    }
    let rollouts = narrator.look(&cast).await?;
    narrator.close(args.scenario, &rollouts, false)?;
    Ok(false)
}

/// The story is over; the console stays, on the machine's time, until Ctrl-C.
async fn keep_open(engine: &Engine, clock: &ManualClock, stop: &mut StopSignals) -> Result<(), Failure> {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.heard() => return Ok(()),
            _ = second.tick() => {
                clock.advance(Duration::from_secs(1));
                engine.settle().await?;
            }
        }
    }
}
