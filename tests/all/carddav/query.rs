//! `addressbook-query` (RFC 6352 §8.6, §10.5) and parts of cards (§10.4), condition by condition.

use super::{book, card};
use crate::support::dav::{Answer, User, dialogues};

async fn fill(user: &User) -> String {
    let book = book(user).await;
    let version4 = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:J\u{fc}rgen Stra\u{df}er\r\n\
                    EMAIL;TYPE=work:jurgen@example.org\r\nCATEGORIES:Friends,Family\r\nEND:VCARD\r\n";
    for (name, text) in [
        (
            "ann",
            card(
                "ann",
                "EMAIL;TYPE=HOME:ann@example.com\r\nEMAIL;TYPE=WORK:boss@example.org\r\n\
                 item1.TEL;TYPE=CELL:+43 1\r\nitem1.X-ABLabel:Mobile\r\nNICKNAME:Annie\r\n",
            ),
        ),
        (
            "bob",
            card("bob", "NICKNAME:Bobby\\, the first\r\nTEL:+43 2\r\n").replace("FN:Ann", "FN:Bob"),
        ),
        ("four", version4.to_owned()),
    ] {
        user.put(&format!("{book}{name}.vcf"), text).await;
    }
    book
}

async fn ask(user: &User, target: &str, data: &str, more: &str) -> Answer {
    let content =
        format!("<D:prop><D:getetag/><A:address-data>{data}</A:address-data></D:prop>{more}");
    user.report(target, "1", "A:addressbook-query", &content).await
}

async fn names(user: &User, book: &str, filter: &str) -> Vec<String> {
    let it = ask(user, book, "", filter).await.expect(207).multistatus();
    let mut names: Vec<String> = it
        .responses
        .iter()
        .map(|r| {
            assert!(r.text("address-data").starts_with("BEGIN:VCARD"));
            r.href.strip_prefix(book).unwrap().strip_suffix(".vcf").unwrap().to_owned()
        })
        .collect();
    names.sort();
    names
}

fn filter(test: &str, props: &[String]) -> String {
    format!("<A:filter {test}>{}</A:filter>", props.concat())
}

fn prop(attributes: &str, inside: &str) -> String {
    format!("<A:prop-filter {attributes}>{inside}</A:prop-filter>")
}

fn text(attributes: &str, text: &str) -> String {
    format!("<A:text-match {attributes}>{text}</A:text-match>")
}

const ABSENT: &str = "<A:is-not-defined/>";
const ALL: &str = "test=\"allof\"";

dialogues! {
    async fn cards_by_every_condition(user: User) {
        let book = fill(&user).await;
        let one = |attributes: &str, inside: &str| filter("", &[prop(attributes, inside)]);
        let param = |name: &str, inside: &str| {
            format!("<A:param-filter name=\"{name}\">{inside}</A:param-filter>")
        };
        let rows: Vec<(String, &[&str])> = vec![
            (String::new(), &["ann", "bob", "four"]),
            (filter("", &[]), &["ann", "bob", "four"]),
            (one("name=\"NICKNAME\"", ""), &["ann", "bob"]),
            (one("name=\"nickname\"", ABSENT), &["four"]),
            // i;unicode-casemap unless the client says otherwise; a part unless it says otherwise.
            (one("name=\"FN\"", &text("", "J\u{dc}RGEN")), &["four"]),
            (one("name=\"FN\"", &text("collation=\"i;ascii-casemap\"", "J\u{dc}RGEN")), &[]),
            (one("name=\"FN\"", &text("collation=\"i;octet\"", "bob")), &[]),
            (one("name=\"EMAIL\"", &text("match-type=\"starts-with\"", "ann@")), &["ann"]),
            (one("name=\"EMAIL\"", &text("match-type=\"ends-with\"", "example.org")), &["ann", "four"]),
            (one("name=\"FN\"", &text("match-type=\"equals\"", "bob")), &["bob"]),
            (one("name=\"NICKNAME\"", &text("", "bobby, the")), &["bob"]),
            (one("name=\"FN\"", &text("negate-condition=\"yes\"", "ann")), &["bob", "four"]),
            // Groups (§10.5.1).
            (one("name=\"TEL\"", ""), &["ann", "bob"]),
            (one("name=\"item1.TEL\"", ""), &["ann"]),
            (one("name=\"item2.TEL\"", ""), &[]),
            // Parameters, on one and the same property.
            (one("name=\"EMAIL\"", &param("TYPE", &text("", "work"))), &["ann", "four"]),
            (one(&format!("name=\"EMAIL\" {ALL}"),
                &(text("", "ann@") + &param("TYPE", &text("", "work")))), &[]),
            (one(&format!("name=\"EMAIL\" {ALL}"),
                &(text("", "boss@") + &param("TYPE", &text("", "work")))), &["ann"]),
            (one("name=\"TEL\"", &param("TYPE", ABSENT)), &["bob"]),
            // Any of several, or all of them.
            (filter("", &[prop("name=\"FN\"", &text("", "bob")), prop("name=\"CATEGORIES\"", "")]),
                &["bob", "four"]),
            (filter(ALL, &[prop("name=\"NICKNAME\"", ""), prop("name=\"EMAIL\"", "")]), &["ann"]),
            (one(&format!("name=\"FN\" {ALL}"), &(text("", "b") + &text("", "o"))), &["bob"]),
        ];
        for (filter, wanted) in rows {
            assert_eq!(names(&user, &book, &filter).await, wanted, "{filter}");
        }
    }

    /// RFC 6352 §8.6.1, §8.6.4: no more than the client wants, and it is told that there are more.
    async fn results_are_limited(user: User) {
        let book = fill(&user).await;
        let limit = |n: usize| format!("<A:limit><A:nresults>{n}</A:nresults></A:limit>");
        let answer = ask(&user, &book, "", &limit(2)).await.expect(207);
        let it = answer.multistatus();
        assert_eq!(it.responses.len(), 3);
        assert_eq!(it.of(&book).status, Some(507));
        assert!(it.of(&book).has_condition("number-of-matches-within-limits"));
        let whole = ask(&user, &book, "", &limit(3)).await.expect(207).multistatus();
        assert_eq!(whole.responses.len(), 3);
    }

    /// RFC 6352 §10.4, in both reports; with `allprop`, as KDE asks, the card is whole.
    async fn parts_of_cards(user: User) {
        let book = fill(&user).await;
        let data = "<A:prop name=\"VERSION\"/><A:prop name=\"TEL\"/><A:prop name=\"N\" novalue=\"yes\"/>";
        let parts = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:\r\nitem1.TEL;TYPE=CELL:+43 1\r\nEND:VCARD\r\n";
        let name = format!("{book}ann.vcf");
        let filter = filter("", &[prop("name=\"FN\"", &text("", "ann"))]);
        for (root, more) in [
            ("A:addressbook-query", filter),
            ("A:addressbook-multiget", format!("<D:href>{name}</D:href>")),
        ] {
            for (data, wanted) in [(data, Some(parts)), ("<A:allprop/>", None), ("<D:allprop/>", None)] {
                let content = format!("<D:prop><A:address-data>{data}</A:address-data></D:prop>{more}");
                let it = user.report(&book, "1", root, &content).await.expect(207).multistatus();
                let got = it.of(&name).text("address-data");
                match wanted {
                    Some(wanted) => assert_eq!(got, wanted),
                    None => assert_eq!(got, user.get(&name).await.text()),
                }
            }
        }
    }

    async fn cards_and_homes_are_asked_too(user: User) {
        let book = fill(&user).await;
        let card = format!("{book}bob.vcf");
        let it = ask(&user, &card, "", "").await.expect(207).multistatus();
        assert_eq!(it.hrefs(), [card.as_str()]);
        let content = "<D:prop><D:getetag/></D:prop>";
        let home = user.path("addressbooks/");
        let deep = user.report(&home, "infinity", "A:addressbook-query", content).await;
        assert_eq!(deep.expect(207).multistatus().responses.len(), 3);
        let flat = user.report(&home, "1", "A:addressbook-query", content).await;
        assert!(flat.expect(207).multistatus().responses.is_empty());
    }

    async fn wrong_queries_are_refused(user: User) {
        let book = fill(&user).await;
        for wrong in [
            filter("test=\"some\"", &[]),
            filter("", &[prop("", "")]),
            filter("", &[prop("name=\"FN\"", &(ABSENT.to_owned() + &text("", "x")))]),
            filter("", &[prop("name=\"FN\"", &text("match-type=\"like\"", "x"))]),
        ] {
            ask(&user, &book, "", &wrong).await.expect_condition(403, "valid-filter");
        }
        for collation in ["i;basic", "i;*", "*", "i;unicode*"] {
            let odd = text(&format!("collation=\"{collation}\""), "x");
            let odd = filter("", &[prop("name=\"FN\"", &odd)]);
            ask(&user, &book, "", &odd).await.expect_condition(403, "supported-collation");
        }
        for many in [prop("name=\"FN\"", "").repeat(201), prop("name=\"FN\"", &text("", "x").repeat(200))] {
            let answer = ask(&user, &book, "", &filter("", &[many])).await;
            answer.expect_condition(403, "supported-filter");
        }
        ask(&user, &book, "<A:prop/>", "").await.expect(400);
    }
}
