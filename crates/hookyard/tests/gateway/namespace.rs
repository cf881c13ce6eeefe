//! Tests that mount something, or are the whole network: each runs itself once more inside namespaces of its own
//! (`unshare`), without a trace on the machine. Where that is not allowed it fails and says what to do.

use std::process::Command;

/// Set in the process that runs inside the namespaces.
const INSIDE: &str = "HOOKYARD_TEST_NAMESPACE";

/// True inside. Outside, runs the test of this name inside, and sees that it passes. `kinds` are those of `unshare`:
/// `m` for what is mounted, `n` for the network.
pub(crate) fn is_inside(test: &str, kinds: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mount = ["mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    let may_mount = |flags: &String| {
        let tried = Command::new("unshare").arg(flags).args(mount).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    // As root, or in a user namespace that has a root of its own.
    let Some(flags) = [format!("-{kinds}"), format!("-r{kinds}")].into_iter().find(may_mount) else {
        panic!(
            "this test needs namespaces of its own, and may not have them: make `unshare -r{kinds} mount -t tmpfs \
             tmpfs /mnt` work (user namespaces are switched off here), or run `sudo -E cargo test -p hookyard {test}`"
        );
    };
    let inside = Command::new("unshare")
        .arg(flags)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [inside.stdout, inside.stderr].concat();
    println!("{}", String::from_utf8_lossy(&said));
    assert!(inside.status.success(), "it failed inside its namespaces, as said above");
    assert!(String::from_utf8_lossy(&said).contains("1 passed"), "there is no test {test}");
    false
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
