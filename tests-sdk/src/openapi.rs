//! Programs that know the API by its description alone: `openapi/client.ts`, checked against the types that
//! openapi-typescript makes, and schemathesis. They run to their end, and what they print is told where they fail.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::check_installed;

/// Where the API is, and what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Api<'a> {
    /// What its URLs begin with.
    pub url: &'a str,
    /// The admin key.
    pub key: &'a str,
}

/// Makes the client of this description, checks its types, and runs it; it prints what it saw as JSON.
///
/// # Errors
/// What was printed by the step that failed.
///
/// # Panics
/// Where `node` or the packages are not there.
pub fn run_client(
    api: Api<'_>,
    description: &[u8],
    public_url: &str,
    receiver: &str,
) -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_installed(folder);
    let generated = folder.join("openapi/generated");
    let written =
        fs::create_dir_all(&generated).and_then(|()| fs::write(generated.join("openapi.json"), description));
    written.map_err(|error| format!("{}: {error}", generated.display()))?;
    let tool = |name: &str| folder.join("node_modules/.bin").join(name);
    let types = generated.join("schema.d.ts");
    run(Command::new(tool("openapi-typescript")).arg(generated.join("openapi.json")).arg("-o").arg(types))?;
    run(Command::new(tool("tsc")).arg("-p").arg(folder.join("openapi/tsconfig.json")))?;
    run(Command::new("node").arg(generated.join("client.js")).args([api.url, api.key, public_url, receiver]))
}

/// Holds the API against the description that it serves, with all checks of schemathesis; `openapi/schemathesis.toml`
/// says how, and the answer what was done.
///
/// # Errors
/// What was printed, where a check failed.
///
/// # Panics
/// Where the packages are not there.
pub fn run_schemathesis(api: Api<'_>) -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_installed(folder);
    let mut command = Command::new(folder.join("openapi/.venv/bin/schemathesis"));
    command.args(["--config-file", "schemathesis.toml", "run", "--no-color", "--checks", "all"]);
    command.arg(format!("{}/api/v1/openapi.json", api.url)).current_dir(folder.join("openapi"));
    run(command.env("HOOKYARD_KEY", api.key))
}

fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{program}` does not start: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(printed),
        false => Err(format!("`{program}` failed:\n{printed}\n{}", String::from_utf8_lossy(&output.stderr))),
    }
}
