//! How the process wants its pages.

/// Asks the kernel for pages of 4 KiB only. A huge page is 2 MiB, however little of it is used: with them an idle gateway takes
/// half as much again, and under load it is no faster (docs/BENCHMARKS.md). The allocator is built not to ask for them; this is
/// about kernels that give them unasked. Where one does not know the question, more memory is taken and nothing else.
#[cfg(target_os = "linux")]
pub(crate) fn refuse_huge_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Elsewhere there are none that come by themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn refuse_huge_pages() {}
