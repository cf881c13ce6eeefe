//! What the process asks of the system's memory.

use crate::gateway::Yard;

/// Whatever the machine gives to others: an idle gateway stays small.
#[tokio::test]
async fn no_huge_pages_are_taken() {
    let gateway = Yard::new("").start().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.process.id())).unwrap();
    let enabled = status.lines().find_map(|line| line.strip_prefix("THP_enabled:")).map(str::trim);
    assert_eq!(enabled, Some("0"), "{status}");
}
