//! Other calendars (RFC 7529): months and years tile the time line, known feasts fall on their
//! days, the RFC's examples come out.

use super::*;

/// Up to `n` instances of a rule from its start on, as `YYYYMMDD`.
fn dates(start: &str, rule: &str, n: usize) -> Vec<String> {
    let rule = Rule::parse(rule).unwrap();
    let (start, _) = moment(start);
    let found = take(&rule, start, true, start, bound(&rule), n);
    found.into_iter().map(|at| written(at, true)).collect()
}

fn scales() -> Vec<Scale> {
    let mut all: Vec<Scale> = SCALES.iter().map(|(_, scale)| *scale).collect();
    all.dedup();
    all
}

/// Every month of the years 1 to 9999: each begins where the one before ends, has its number and
/// no other, and lies in its year; what `Shape` promises holds.
#[test]
fn months_and_years_tile_the_time_line() {
    for scale in scales() {
        let shape = scale.shape();
        let (first, last) = (calendar::FIRST.day, calendar::LAST.day);
        let mut index = scale.month_of(first);
        let mut month = scale.month(index);
        assert!((month.first..month.first + month.length).contains(&first), "{scale:?}");
        let mut year = scale.year(month.year);
        let mut wrong = std::collections::BTreeMap::<String, usize>::new();
        let mut fault = |what: String| *wrong.entry(what).or_default() += 1;
        while month.first <= last {
            let end = month.first + month.length;
            if scale.month_of(month.first) != index || scale.month_of(end - 1) != index {
                fault(format!("number of {month:?}"));
            }
            if scale.month_named(month.year, month.name) != Some(index) {
                fault(format!("name of {month:?}"));
            }
            let number = month.name.number;
            let long = month.length <= i64::from(shape.longest_month);
            if !long || month.length < scale.shortest_month(number).min(29) {
                fault(format!("length of {month:?}"));
            }
            if !month.name.leap && month.length < scale.shortest_month(number) {
                fault(format!("shortest {month:?}"));
            }
            index += 1;
            let next = scale.month(index);
            if next.first != end {
                fault(format!("{month:?}, then {next:?}"));
            }
            if next.year != month.year {
                let length = year.end - year.start;
                if length > i64::from(shape.longest_year) || length < shape.shortest_year {
                    fault(format!("year {} of {length} days", month.year));
                }
                if year.end != end || scale.months(month.year).end != index {
                    fault(format!("end of year {}", month.year));
                }
                year = scale.year(next.year);
                let begins = scale.months(next.year).start == index && next.name.number == 1;
                if year.start != end || !begins || next.year != month.year + 1 {
                    fault(format!("begin of year {}", next.year));
                }
            }
            month = next;
        }
        let shown: Vec<_> = wrong.iter().take(6).collect();
        assert!(wrong.is_empty(), "{scale:?}: {} faults, {shown:?}", wrong.len());
    }
}

/// RFC 7529 §3, §4.3.
#[test]
fn the_examples_of_the_rfc() {
    assert_eq!(
        dates("20130210", "RSCALE=CHINESE;FREQ=YEARLY", 5),
        ["20130210", "20140131", "20150219", "20160208", "20170128"]
    );
    assert_eq!(
        dates("20130906", "RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13", 5),
        ["20130906", "20140906", "20150906", "20160906", "20170906"]
    );
    let anniversary = "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD";
    assert_eq!(
        dates("20140208", anniversary, 5),
        ["20140208", "20150227", "20160217", "20170306", "20180223"]
    );
    assert_eq!(
        dates("20120229", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD", 6),
        ["20120229", "20130301", "20140301", "20150301", "20160229", "20170301"]
    );
}

/// Feasts as almanacs have them: rule, start, and some of the days.
#[test]
fn known_feasts() {
    let feasts: [(&str, &str, &[&str]); 9] = [
        // Rosh Hashanah.
        (
            "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "20000930",
            &[
                "20000930", "20010918", "20020907", "20030927", "20040916", "20051004", "20060923",
                "20070913", "20080930", "20090919", "20100909", "20110929", "20120917", "20130905",
                "20140925", "20150914", "20161003", "20170921", "20180910", "20190930", "20200919",
                "20210907", "20220926", "20230916", "20241003", "20250923", "20260912",
            ],
        ),
        // Purim: Adar, or Adar II.
        (
            "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=14",
            "20140316",
            &["20140316", "20150305", "20160324", "20170312", "20180301", "20190321", "20200310"],
        ),
        // Eid al-Fitr of the civil calendar.
        (
            "RSCALE=ISLAMIC-CIVIL;FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1",
            "20130808",
            &[
                "20130808", "20140729", "20150718", "20160707", "20170626", "20180615", "20190605",
                "20200524",
            ],
        ),
        // Eid al-Fitr of Saudi Arabia's calendar.
        (
            "RSCALE=ISLAMIC-UMALQURA;FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1",
            "20140728",
            &[
                "20140728", "20150717", "20160706", "20170625", "20180615", "20190604", "20200524",
                "20210513", "20220502", "20230421", "20240410", "20250330", "20260320",
            ],
        ),
        // Nowruz.
        (
            "RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "20150321",
            &[
                "20150321", "20160320", "20170321", "20180321", "20190321", "20200320", "20210321",
                "20220321", "20230321", "20240320", "20250321", "20260321",
            ],
        ),
        // The Indian national new year, March 22, in leap years the 21st.
        (
            "RSCALE=INDIAN;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "20150322",
            &["20150322", "20160321", "20170322", "20180322", "20190322", "20200321"],
        ),
        // Nayrouz and Enkutatash.
        (
            "RSCALE=COPTIC;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "20140911",
            &["20140911", "20150912", "20160911", "20170911", "20180911", "20190912"],
        ),
        (
            "RSCALE=ETHIOPIC-AMETE-ALEM;FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "20140911",
            &["20140911", "20150912", "20160911", "20170911", "20180911", "20190912"],
        ),
        // Chuseok.
        (
            "RSCALE=DANGI;FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=15",
            "20150927",
            &[
                "20150927", "20160915", "20171004", "20180924", "20190913", "20201001", "20210921",
                "20220910", "20230929", "20240917", "20251006",
            ],
        ),
    ];
    for (rule, start, wanted) in feasts {
        assert_eq!(dates(start, rule, wanted.len()), wanted, "{rule}");
    }
}

/// Chinese New Year from 1990 to 2050, as the Hong Kong Observatory publishes it.
#[test]
fn chinese_new_years() {
    let days = "0127 0215 0204 0123 0210 0131 0219 0207 0128 0216 0205 0124 0212 0201 0122 0209 \
        0129 0218 0207 0126 0214 0203 0123 0210 0131 0219 0208 0128 0216 0205 0125 0212 0201 0122 \
        0210 0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201 \
        0122 0210 0130 0217 0206 0126 0214 0202 0123";
    let wanted: Vec<String> =
        days.split_whitespace().zip(1990..).map(|(day, year)| format!("{year}{day}")).collect();
    assert_eq!(wanted.len(), 61);
    assert_eq!(dates("19900127", "RSCALE=CHINESE;FREQ=YEARLY", 61), wanted);
    // The day before: the last day of a year, wherever it is.
    let eve = dates("19900126", "RSCALE=CHINESE;FREQ=YEARLY;BYYEARDAY=-1", 61);
    let before = |day: &String| Civil { day: moment(day).0.day - 1, second: 0 };
    assert_eq!(eve, wanted.iter().map(|day| written(before(day), true)).collect::<Vec<_>>());
}

/// RFC 7529 §4.1: months are skipped before days are.
#[test]
fn skipped_months_and_days() {
    // Of 2024 to 2033, Chinese years 2025, 2028, 2031 and 2033 have leap months 6, 5, 3 and 11.
    let leap = |skip: &str| {
        let rule = format!("RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=6L;BYMONTHDAY=1;SKIP={skip}");
        dates("20240101", &rule, 3)
    };
    assert_eq!(leap("OMIT"), ["20250725", "20360723", "20550724"]);
    assert_eq!(leap("FORWARD"), ["20240804", "20250725", "20260813"]);
    assert_eq!(leap("BACKWARD"), ["20240706", "20250725", "20260714"]);
    // A leap month after the last one would begin the next year.
    let last = "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=12L;BYMONTHDAY=1;SKIP=FORWARD";
    assert_eq!(dates("20240101", last, 3), ["20240210", "20250129", "20260217"]);
    // Elsewhere than in YEARLY rules BYMONTH limits, and the months there are all exist.
    let monthly = "RSCALE=HEBREW;FREQ=MONTHLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD";
    assert_eq!(dates("20140208", monthly, 3), ["20140208", "20160217", "20190213"]);
    // Leap months are months: ten months after the first of Tishri 5784 is the first of Av
    // without, of Tammuz with Adar I in between.
    let tenth = "RSCALE=HEBREW;FREQ=MONTHLY;INTERVAL=10";
    assert_eq!(dates("20230916", tenth, 2), ["20230916", "20240707"]);
    assert_eq!(dates("20220926", tenth, 2), ["20220926", "20230719"]);
    // Days that a year or a month lacks.
    let pagume = "RSCALE=COPTIC;FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=6";
    assert_eq!(dates("20140908", pagume, 2), ["20150911", "20190911"]);
    let forward = format!("{pagume};SKIP=FORWARD");
    assert_eq!(dates("20140908", &forward, 3), ["20140911", "20150911", "20160911"]);
    let year = "RSCALE=HEBREW;FREQ=YEARLY;BYYEARDAY=385;SKIP=BACKWARD";
    assert_eq!(dates("20140101", year, 3), ["20140924", "20150913", "20161002"]);
}
