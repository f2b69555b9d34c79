//! Prints what is published about files: the schema of plan files, with `keys` the table of their keys in the
//! reference, with `definitions` and `definition-keys` the same of definition files.

use sapwood_file::{definitions, plan};

fn main() {
    let text = match std::env::args().nth(1).as_deref() {
        Some("keys") => plan::reference(),
        Some("definitions") => format!("{:#}\n", definitions::json_schema()),
        Some("definition-keys") => definitions::reference(),
        Some(_) | None => format!("{:#}\n", plan::json_schema()),
    };
    #[expect(clippy::print_stdout, reason = "printing is all this program is for")]
    {
        print!("{text}");
    }
}
