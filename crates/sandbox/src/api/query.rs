//! Query parameters as PHP writes them: `filter[statuses][0][status_id]=142`, brackets raw or
//! encoded, scalar or list.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use actix_web::HttpRequest;
use url::form_urlencoded;

use super::problem::BadParameter;
use crate::LargerLimit;

/// How many entries a page has unless the request says otherwise.
const USUAL: usize = 50;

/// The parameters of a request, their names taken apart.
#[derive(Default)]
pub(crate) struct Query {
    pairs: Vec<Pair>,
}

struct Pair {
    name: String,
    path: Vec<String>,
    value: String,
}

/// A page of a list: its number, and how many entries it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) limit: usize,
}

impl Page {
    /// How many entries from the first say what is on the page, and whether another one follows.
    pub(crate) const fn needs(self) -> usize {
        self.number.saturating_mul(self.limit).saturating_add(1)
    }
}

/// What `with` asks for besides.
pub(crate) struct With<'q>(Vec<&'q str>);

impl With<'_> {
    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }
}

/// From when to when, or exactly which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    OneOf(Vec<u64>),
    Range { from: Option<u64>, to: Option<u64> },
}

impl Numbers {
    /// The numbers of which none other can match.
    pub(crate) fn bounds(&self) -> RangeInclusive<u64> {
        match self {
            Self::OneOf(numbers) => {
                let (least, largest) = (numbers.iter().min(), numbers.iter().max());
                least.copied().unwrap_or(u64::MAX)..=largest.copied().unwrap_or(0)
            }
            Self::Range { from, to } => from.unwrap_or(0)..=to.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn matches(&self, number: Option<u64>) -> bool {
        match self {
            Self::OneOf(numbers) => number.is_some_and(|number| numbers.contains(&number)),
            Self::Range { from, to } => {
                number.is_some_and(|number| from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to))
            }
        }
    }
}

impl Query {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::parse(request.query_string())
    }

    pub(super) fn parse(query: &str) -> Self {
        let pair = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| Pair {
            path: path(&name),
            name: name.into_owned(),
            value: value.into_owned(),
        };
        Self { pairs: form_urlencoded::parse(query.as_bytes()).map(pair).collect() }
    }

    /// The value of a plain parameter, unless it is missing or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(&[name]).first().copied()
    }

    /// The values at `path`: one, or a list under it, the empty ones left out.
    pub(crate) fn values(&self, path: &[&str]) -> Vec<&str> {
        let at = |pair: &&Pair| {
            pair.path.len() <= path.len() + 1
                && pair.path.len() >= path.len()
                && pair.path.iter().zip(path).all(|(have, want)| have == want)
                && pair.path.get(path.len()).is_none_or(|last| is_index(last))
                && !pair.value.is_empty()
        };
        self.pairs.iter().filter(at).map(|pair| pair.value.as_str()).collect()
    }

    /// The words of `with`.
    pub(crate) fn with(&self) -> With<'_> {
        With(self.listed_at(&["with"]))
    }

    /// The words at `filter[field]`: scalar, list, or with commas.
    pub(crate) fn listed(&self, field: &str) -> Vec<&str> {
        self.listed_at(&["filter", field])
    }

    /// The words at `path`: scalar, list, or with commas.
    pub(crate) fn listed_at(&self, path: &[&str]) -> Vec<&str> {
        let words = self.values(path).into_iter().flat_map(|value| value.split(',')).map(str::trim);
        words.filter(|word| !word.is_empty()).collect()
    }

    /// Times at `filter[field]`: one is the earliest, two with a comma or `[from]` and `[to]` are a range.
    pub(crate) fn times(&self, field: &str) -> Result<Option<Numbers>, BadParameter> {
        Ok(self.numbers(field)?.map(|times| match times {
            Numbers::OneOf(times) => Numbers::Range { from: times.first().copied(), to: times.get(1).copied() },
            range @ Numbers::Range { .. } => range,
        }))
    }

    /// Numbers at `filter[field]`: scalar, list, with commas, or a range `[from]` and `[to]`.
    pub(crate) fn numbers(&self, field: &str) -> Result<Option<Numbers>, BadParameter> {
        let number = |value: &&str| {
            let wanted = || BadParameter::new(format!("filter.{field}"), "This value should be a number.");
            value.trim().parse::<u64>().ok().ok_or_else(wanted)
        };
        let ends = [["filter", field, "from"], ["filter", field, "to"]];
        let [from, to] = ends.map(|end| self.values(&end).first().map(number).transpose());
        let (from, to) = (from?, to?);
        if from.is_some() || to.is_some() {
            return Ok(Some(Numbers::Range { from, to }));
        }
        let listed: Vec<_> = self.listed(field).iter().map(number).collect::<Result<_, _>>()?;
        Ok((!listed.is_empty()).then_some(Numbers::OneOf(listed)))
    }

    /// The groups at `path[n][…]`, each by name.
    pub(crate) fn groups(&self, path: &[&str]) -> Vec<BTreeMap<&str, Vec<&str>>> {
        let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for pair in &self.pairs {
            if let Some((head, [group, member, ..])) = pair.path.split_at_checked(path.len())
                && head == path
            {
                let group = groups.entry(group).or_default();
                group.entry(member).or_default().push(&pair.value);
            }
        }
        groups.into_values().collect()
    }

    /// The names `x` of `filter[field][x]…`, each once.
    pub(crate) fn members(&self, field: &str) -> BTreeSet<&str> {
        let here = self.pairs.iter().filter(|pair| match pair.path.as_slice() {
            [filter, name, ..] => (filter.as_str(), name.as_str()) == ("filter", field),
            _ => false,
        });
        here.filter_map(|pair| pair.path.get(2).map(String::as_str)).collect()
    }

    /// `page` and `limit`. A list gives at most `most`; what becomes of a larger limit is a switch.
    pub(crate) fn page(&self, most: usize, larger: LargerLimit) -> Result<Page, BadParameter> {
        let number = self.positive("page")?.unwrap_or(1);
        let limit = match (self.positive("limit")?.unwrap_or(USUAL), larger) {
            (limit, _) if limit <= most => limit,
            (_, LargerLimit::Usual) => USUAL.min(most),
            (_, LargerLimit::Most) => most,
            (_, LargerLimit::Refused) => return Err(BadParameter::OverLimit(most)),
        };
        Ok(Page { number, limit })
    }

    fn positive(&self, name: &str) -> Result<Option<usize>, BadParameter> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(BadParameter::new(name, "This value should be positive.")),
        }
    }

    /// The same query for page `number`.
    pub(crate) fn for_page(&self, page: Page, number: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let is_place = |pair: &&Pair| pair.path.first().is_some_and(|head| matches!(head.as_str(), "page" | "limit"));
        for pair in self.pairs.iter().filter(|pair| !is_place(pair)) {
            query.append_pair(&pair.name, &pair.value);
        }
        query.append_pair("page", &number.to_string());
        query.append_pair("limit", &page.limit.to_string());
        query.finish()
    }
}

/// Takes `a[b][c]` apart into `a`, `b`, `c`.
fn path(name: &str) -> Vec<String> {
    let (head, rest) = name.split_once('[').unwrap_or((name, ""));
    let rest = rest.strip_suffix(']').unwrap_or(rest);
    let mut path = vec![head.to_owned()];
    if name.contains('[') {
        path.extend(rest.split("][").map(str::to_owned));
    }
    path
}

/// Whether a last bracket only says which entry of a list it is.
fn is_index(bracket: &str) -> bool {
    bracket.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_raw_and_encoded_scalars_and_lists_are_one() {
        for query in [
            "filter[id]=7",
            "filter[id][]=7",
            "filter[id][0]=7",
            "filter%5Bid%5D=7",
            "filter%5Bid%5D%5B%5D=7",
            "filter%5bid%5d%5b0%5d=7",
        ] {
            let numbers = Query::parse(query).numbers("id").unwrap();
            assert_eq!(numbers, Some(Numbers::OneOf(vec![7])), "{query}");
        }
    }

    #[test]
    fn a_range_needs_only_one_end() {
        let query = Query::parse("filter[price][from]=10&filter[created_at][to]=20");
        let price = query.numbers("price").unwrap().unwrap();
        assert!(price.matches(Some(10)) && !price.matches(Some(9)) && !price.matches(None));
        let created = query.numbers("created_at").unwrap().unwrap();
        assert!(created.matches(Some(20)) && !created.matches(Some(21)));
        assert_eq!((price.bounds(), created.bounds()), (10..=u64::MAX, 0..=20));
        assert_eq!(Numbers::OneOf(vec![7, 5, 9]).bounds(), 5..=9);
        assert!(Numbers::OneOf(Vec::new()).bounds().is_empty());
    }

    #[test]
    fn groups_keep_their_members_together() {
        let query = Query::parse(
            "filter[statuses][0][pipeline_id]=1&filter[statuses][0][status_id]=142\
             &filter[statuses][1][pipeline_id]=2",
        );
        let groups = query.groups(&["filter", "statuses"]);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0]["status_id"], ["142"]);
        assert_eq!(groups[1]["pipeline_id"], ["2"]);
    }

    #[test]
    fn a_larger_limit_is_the_usual_one_or_the_most_or_refused_and_nonsense_is_refused() {
        let page = |query, larger| Query::parse(query).page(250, larger);
        let limit = |larger| page("limit=251&page=2", larger).map(|page| (page.number, page.limit));
        assert_eq!(limit(LargerLimit::Usual).unwrap(), (2, 50));
        assert_eq!(limit(LargerLimit::Most).unwrap(), (2, 250));
        assert!(limit(LargerLimit::Refused).is_err());
        assert_eq!(page("limit=250", LargerLimit::Refused).unwrap().limit, 250);
        for nonsense in ["page=0", "limit=-1", "limit=many"] {
            assert!(page(nonsense, LargerLimit::Usual).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn one_time_is_the_earliest_and_two_are_a_range() {
        let times = |query: &str| Query::parse(query).times("created_at").unwrap();
        let range = |from, to| Some(Numbers::Range { from, to });
        assert_eq!(times("filter[created_at]=5"), range(Some(5), None));
        assert_eq!(times("filter[created_at]=5,9"), range(Some(5), Some(9)));
        assert_eq!(times("filter[created_at][]=5&filter[created_at][]=9"), range(Some(5), Some(9)));
        assert_eq!(times("filter[created_at][to]=9"), range(None, Some(9)));
        assert_eq!(times("filter[updated_at]=9"), None);
    }

    #[test]
    fn lists_may_be_written_with_commas() {
        let query = Query::parse("filter[type]=lead_added,%20lead_deleted&filter[id][]=7,8&filter[id][]=9");
        assert_eq!(query.listed("type"), ["lead_added", "lead_deleted"]);
        assert_eq!(query.numbers("id").unwrap(), Some(Numbers::OneOf(vec![7, 8, 9])));
    }

    #[test]
    fn the_next_page_keeps_everything_else() {
        let query = Query::parse("limit=5&filter[id][]=1&page=2&query=%D1%97");
        let page = query.page(250, LargerLimit::Usual).unwrap();
        assert_eq!(query.for_page(page, 3), "filter%5Bid%5D%5B%5D=1&query=%D1%97&page=3&limit=5");
        let query = Query::parse("page[0]=2&limit[]=5");
        let page = query.page(250, LargerLimit::Usual).unwrap();
        assert_eq!(page, Page { number: 2, limit: 5 });
        assert_eq!(query.for_page(page, 3), "page=3&limit=5", "or the next page would be this one");
    }
}
