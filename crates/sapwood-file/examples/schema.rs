//! Prints the published schema of plan files, or with `keys` the table of keys in the reference.

fn main() {
    let text = if std::env::args().nth(1).as_deref() == Some("keys") {
        sapwood_file::plan::reference()
    } else {
        format!("{:#}\n", sapwood_file::plan::json_schema())
    };
    #[expect(clippy::print_stdout, reason = "printing is all this program is for")]
    {
        print!("{text}");
    }
}
