//! A disk that is really full: a small tmpfs with the store on it.

use std::path::Path;
use std::process::Command;

use hookyard_store::store::{Options, Store};

use crate::harness::*;

/// A tmpfs of 4 MiB, unmounted when dropped.
struct SmallDisk {
    mount: tempfile::TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let mount = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(mount.path())
            .output()
            .unwrap();
        assert!(
            mounted.status.success(),
            "this test mounts a tmpfs, which needs a user who may: run it as root, or with\n    \
             unshare -rm cargo test -p hookyard-store --test store full_disk\n{}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self { mount }
    }

    fn path(&self) -> &Path {
        self.mount.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.mount.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_takes_again_without_a_restart() {
    let disk = SmallDisk::new();
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let mut options = Options::new(disk.path().join("data"));
    options.segment_bytes = 128 << 10;
    options.reserve_bytes = 0;
    let store = Store::open(options.clone()).unwrap();
    let mut taken = Vec::new();
    loop {
        match accept(&store, vec![b'x'; 4_000]).await {
            Ok(id) => {
                taken.push(id);
                if taken.len() == 50 {
                    store.settle().await;
                }
            }
            Err(refused) => {
                assert!(refused.cause.contains("No space left"), "{refused}");
                break;
            }
        }
        assert!(taken.len() < 2_000, "4 MiB cannot hold that much");
    }
    // Small ones may still have fitted; in the end nothing does.
    until(async || match accept(&store, "small").await {
        Ok(id) => {
            taken.push(id);
            false
        }
        Err(_) => true,
    })
    .await;
    assert!(taken.len() > 100, "{}", taken.len());
    for id in &taken {
        assert!(store.request(PROJECT, *id).await.unwrap().is_some(), "reads go on");
    }
    assert!(ids(&store).await.starts_with(&taken[..50]), "lists go on, as far as the index came");

    std::fs::remove_file(&ballast).unwrap();
    taken.push(accept_at_last(&store, "there is room again").await);
    store.settle().await;
    assert_eq!(ids(&store).await, taken);
    drop(store);
    let store = Store::open(options).unwrap();
    assert_eq!(ids(&store).await, taken, "after a restart");
}
