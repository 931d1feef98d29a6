//! Agreement to the flow of data: given with `--yes`, or at the terminal after a look at what goes where.

use std::io::{self, BufRead, Write};

use crate::agent::{Command, FlowView, Reply};

use super::context::Context;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::sync::user_name;

/// Returns who agrees to what nobody agreed to yet. Where nobody can be asked, only `--yes` agrees.
pub(super) async fn given(context: &Context, is_given: bool) -> Result<Option<String>, CommandError> {
    if is_given {
        return Ok(Some(user_name()));
    }
    if !context.output.can_ask() {
        return Ok(None);
    }
    let Reply::Unapproved(flows) = ask(context, &Command::Unapproved).await? else {
        return Err(unexpected());
    };
    let by = user_name();
    let has_agreed =
        !flows.is_empty() && agrees(&flows, &by, &mut io::stdin().lock(), &mut io::stderr().lock());
    Ok(has_agreed.then_some(by))
}

/// Shows what would flow and asks. A plain yes agrees, and nothing else does: no empty line, and no input that ends or cannot
/// be read.
fn agrees(flows: &[FlowView], by: &str, input: &mut impl BufRead, output: &mut impl Write) -> bool {
    let mut text = String::from("Nobody has agreed yet to what these mappings move:\n\n");
    for FlowView { mapping, flow } in flows {
        text += &format!("  {}: {}\n", in_one_line(mapping), in_one_line(flow));
    }
    text += &format!(
        "\n`tandem plan` shows each row. Your answer is kept with the name {} and the time.\nAgree? [y/N] ",
        in_one_line(by)
    );
    let mut answer = String::new();
    let shown = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    // What could not be shown cannot be agreed to.
    let is_read = shown.and_then(|()| input.read_line(&mut answer)).is_ok();
    is_read && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows() -> Vec<FlowView> {
        let flow =
            |mapping: &str, flow: &str| FlowView { mapping: mapping.to_owned(), flow: flow.to_owned() };
        let crm = "crm (Dataverse at contoso.crm4.dynamics.com, Europe)";
        vec![
            flow("CURRENCY", &format!("4 columns from currencies of erp to transactioncurrencies of {crm}")),
            flow(
                "VENDOR",
                &format!("9 columns from vendors of erp to accounts of {crm}, and 8 columns back"),
            ),
        ]
    }

    #[test]
    fn what_goes_where_is_shown_before_the_question() {
        let mut shown = Vec::new();
        assert!(agrees(&flows(), "ida", &mut "y\n".as_bytes(), &mut shown));
        insta::assert_snapshot!(String::from_utf8(shown).unwrap().trim_end(), @r"
        Nobody has agreed yet to what these mappings move:

          CURRENCY: 4 columns from currencies of erp to transactioncurrencies of crm (Dataverse at contoso.crm4.dynamics.com, Europe)
          VENDOR: 9 columns from vendors of erp to accounts of crm (Dataverse at contoso.crm4.dynamics.com, Europe), and 8 columns back

        `tandem plan` shows each row. Your answer is kept with the name ida and the time.
        Agree? [y/N]
        ");
    }

    #[test]
    fn only_a_plain_yes_agrees() {
        let answer = |typed: &[u8]| agrees(&flows(), "ida", &mut &*typed, &mut Vec::new());
        for yes in ["y\n", "Y\n", "yes\r\n", " Yes \n", "y"] {
            assert!(answer(yes.as_bytes()), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "no\n", "yes please\n", "j\n", "\u{1b}[Ay\n"] {
            assert!(!answer(no.as_bytes()), "{no:?}");
        }
        assert!(!answer(b"\xff\n"), "what is no text agrees to nothing");
    }

    #[test]
    fn what_cannot_be_shown_is_not_agreed_to() {
        let mut full: &mut [u8] = &mut [0; 10];
        assert!(!agrees(&flows(), "ida", &mut "y\n".as_bytes(), &mut full));
    }
}
