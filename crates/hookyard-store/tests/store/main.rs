//! The embedded store on real files, through its public face: what the other crates see, and what a
//! failing disk, a crash or a damaged file leaves of it.
//!
//! One module per promise; `harness` is what they share. The journal's form is read by an independent
//! parser (`disk_form`), so that a change of the form cannot pass unnoticed.

mod harness;

mod smoke;
