//! A full disk: requests are refused while it lasts, what is there can be read, and nothing is lost.
//!
//! The data directory is a file system of its own, a few megabytes large, mounted inside a namespace.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gateway::{Gateway, LOOPBACK, Yard};
use crate::namespace::{is_inside, run};
use crate::sink::{Act, OK, Sink};

/// A file system in memory, which goes with the namespace.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Self {
        std::fs::create_dir(path).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs"];
        run(Command::new("mount").args(options).arg(path));
        Self(path.to_owned())
    }

    /// Writes a file until only so much room is left.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.0.join("filling");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 16, 1 << 12, 1 << 6] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
        let bytes = file.metadata().unwrap().len();
        file.set_len(bytes - left).unwrap();
        path
    }
}

type Taken = HashMap<String, Vec<u8>>;

/// Sends until it is refused; notes what was taken until then.
async fn until_refused(gateway: &Gateway, taken: &mut Taken) {
    for _ in 0..20_000 {
        let body = format!("{:0>100}", taken.len()).into_bytes();
        let answer = gateway.post("/in", &[], &body).await;
        if answer.status != 200 {
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
            return;
        }
        taken.insert(answer.request_id(), body);
    }
    panic!("a full disk takes everything");
}

async fn check_readable(gateway: &Gateway, taken: &Taken) {
    for (id, body) in taken {
        let read = gateway.call("GET", &format!("/api/v1/requests/{id}/body"), "").await;
        assert_eq!((read.status, read.text()), (200, String::from_utf8_lossy(body).into_owned()), "{id}");
    }
}

/// Takes some, has the disk filled up to what is `left`, makes room, kills, and looks for all of it.
async fn full_then_roomy(reserve: &str, left: u64) {
    let sink = Sink::start(Act::Hang).await;
    let mut yard = Yard::to(&sink);
    let disk = SmallDisk::mount(&yard.data_dir());
    yard.settings = format!("{LOOPBACK}[storage]\nsegment_bytes = \"1MiB\"\nreserve_bytes = \"{reserve}\"\n");
    let gateway = yard.start().await;
    gateway.ready().await;
    let mut taken = Taken::new();
    for number in 0..10 {
        let body = format!("early {number}").into_bytes();
        let id = gateway.take(&body).await;
        gateway.event_in(&id, "queued").await;
        taken.insert(id, body);
    }
    let early = taken.clone();
    let filling = disk.fill(left);
    until_refused(&gateway, &mut taken).await;
    gateway.get_until("/readyz", "not ready", |it| it["reasons"][0]["code"] == "store_unavailable").await;
    // What is in the index can be read all the while.
    check_readable(&gateway, &early).await;
    assert!(gateway.get("/api/v1/requests").await["data"].as_array().unwrap().len() >= early.len());

    std::fs::remove_file(filling).unwrap();
    gateway.ready().await;
    let late = gateway.take(b"there is room again").await;
    // The index catches up by itself.
    gateway.get_until(&format!("/api/v1/requests/{late}"), "readable", |it| it["id"] == *late).await;
    taken.insert(late, b"there is room again".to_vec());
    check_readable(&gateway, &taken).await;
    gateway.process.kill();

    sink.act(OK);
    let gateway = yard.start().await;
    gateway.ready().await;
    check_readable(&gateway, &taken).await;
    for id in taken.keys() {
        gateway.event_in(id, "successful").await;
    }
    println!("disk: {} acknowledged around a full disk, 0 lost", taken.len());
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    if is_inside("disk::a_full_disk_refuses_and_recovers", "m") {
        full_then_roomy("0B", 0).await;
    }
}

#[tokio::test]
async fn the_reserve_is_kept_free() {
    if is_inside("disk::the_reserve_is_kept_free", "m") {
        full_then_roomy("20MiB", 16 << 20).await;
    }
}
