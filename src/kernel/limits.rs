//! Every limit of the server, with its unit and its reason. Nothing else writes a bound down.

/// Octets of one calendar object (`CALDAV:max-resource-size`): inline photographs of a meeting
/// room fit, a film does not.
pub const CALENDAR_OBJECT_MAX: usize = 10 << 20;
/// First and last year of the dates that place a calendar object in time (`CALDAV:min-date-time`,
/// `CALDAV:max-date-time`): recurrence counts from 1, and iCalendar writes no year after 9999. Year 0
/// comes from programs that have no date to write.
pub const CALENDAR_YEARS: (i64, i64) = (1, 9_999);
/// Instances of one calendar object whose recurrence ends (`CALDAV:max-instances`): every day of 273
/// years, every hour of eleven.
pub const INSTANCES_MAX: u64 = 100_000;
/// Steps that counting one object's instances may take: an instance takes two or three.
pub const INSTANCE_STEPS_OBJECT: u64 = 4 * INSTANCES_MAX;
/// Attendees of one instance (`CALDAV:max-attendees-per-instance`): each is a message to send;
/// whoever invites more people invites a group.
pub const ATTENDEES_MAX: usize = 5_000;
/// Meetings of a removed calendar that are told in one transaction: each may be thousands of messages.
pub const GONE_BATCH: usize = 20;
/// Instances of one object that one change or message may speak of by themselves without the object
/// having exceptions for them: each is looked for in the series.
pub const ITIP_INSTANCES_MAX: usize = 1_000;
/// Octets of all messages of one change: a meeting of thousands, all of whom see the same, is one text;
/// this many different ones nobody means.
pub const ITIP_OCTETS_MAX: usize = 64 << 20;
/// Octets of one vCard (`CARDDAV:max-resource-size`).
pub const CARD_MAX: usize = 10 << 20;
/// Octets of one message (RFC 7889): what large providers let through, and some more.
pub const MESSAGE_MAX: u64 = 64 << 20;
/// Messages from files that are stored in one transaction …
pub const MAIL_BATCH_MESSAGES: usize = 200;
/// … and their octets.
pub const MAIL_BATCH_OCTETS: u64 = 16 << 20;
/// Messages that one statement names.
pub const MESSAGES_PAGE: usize = 5_000;
/// Octets that one read of a connection of lines takes.
pub const LINE_BUFFER: usize = 2 << 10;
/// Octets that are written at once on a connection of lines.
pub const OUTPUT_BUFFER: usize = 64 << 10;
/// Octets of a command in POP3: those of RFC 2449 §4 have 255, a response in base64 has more.
pub const COMMAND_LINE_MAX: usize = 8 << 10;
/// Octets of a line of a command in IMAP: a set of some thousand messages fits.
pub const IMAP_LINE_MAX: usize = 64 << 10;
/// Octets of a command in IMAP, its literals included, but for messages.
pub const IMAP_COMMAND_MAX: u64 = 256 << 10;
/// The same before somebody has signed in.
pub const IMAP_COMMAND_MAX_BEFORE: u64 = 8 << 10;
/// Seconds without a command after which an IMAP session ends (RFC 9051 §5.4: at least thirty minutes).
pub const IMAP_IDLE_SECONDS: u64 = 1_800;
/// Seconds after which an idling session looks by itself whether something changed.
pub const IMAP_LOOK_SECONDS: u64 = 60;
/// Criteria of one search, and how deep they nest.
pub const SEARCH_CRITERIA_MAX: usize = 1_000;
/// See [`SEARCH_CRITERIA_MAX`].
pub const SEARCH_DEPTH_MAX: usize = 50;
/// Octets of a pattern of names of mailboxes.
pub const LIST_PATTERN_MAX: usize = 1_000;
/// Messages in one piece of a snapshot: what a change of one copies.
pub const SNAPSHOT_PIECE: usize = 1_024;
/// Messages in the snapshots that are kept beyond those in use; each takes about 56 octets.
pub const SNAPSHOT_MESSAGES_KEPT: usize = 2_000_000;
/// Messages whose contents are read at once.
pub const CONTENTS_BATCH: usize = 32;
/// How often a connection may fail to sign in.
pub const SIGN_IN_FAILURES_MAX: u32 = 5;
/// Seconds in which a connection signs in.
pub const SIGN_IN_SECONDS: u64 = 60;
/// Seconds without a command after which a POP3 session ends (RFC 1939 §3: at least ten minutes).
pub const POP3_IDLE_SECONDS: u64 = 600;
/// Octets of one attachment of an event (`CALDAV:max-attachment-size`): slides with pictures fit, a
/// film does not.
pub const ATTACHMENT_MAX: u64 = 100 << 20;
/// Attachments of one event (`CALDAV:max-attachments-per-resource`): each is a line in it.
pub const ATTACHMENTS_MAX: usize = 20;
/// Characters of the name of an attachment's file.
pub const ATTACHMENT_NAME_MAX: usize = 120;
/// Octets of one value in the query of a URI: a list of two hundred instances fits.
pub const QUERY_VALUE_MAX: usize = 4 << 10;
/// Octets of one file in a file collection.
pub const FILE_MAX: u64 = 16 << 30;
/// Parts within parts of a message: each time that mail is forwarded or bounces adds two.
pub const MIME_DEPTH_MAX: usize = 100;
/// Parts of a message that are told one by one: what is more belongs to the last part around it.
pub const MIME_PARTS_MAX: usize = 10_000;
/// Octets of the boundary between parts: RFC 2046 §5.1.1 allows 70, programs write more.
pub const MIME_BOUNDARY_MAX: usize = 250;
/// Parameters of one header field of a part.
pub const MIME_PARAMETERS_MAX: usize = 100;
/// Octets of one XML request body: a multiget of some thousand hrefs fits.
pub const XML_BODY_MAX: usize = 4 << 20;
/// Nesting of XML elements.
pub const XML_DEPTH_MAX: usize = 64;
/// Elements and attributes of one XML body together.
pub const XML_NODES_MAX: usize = 200_000;
/// Namespace declarations in scope at once.
pub const XML_BINDINGS_MAX: usize = 100;
/// Octets of one namespace name or language tag in XML: each dead property's copy repeats those
/// that it uses, so a long one would multiply.
pub const XML_NAMESPACE_MAX: usize = 1_024;
/// Octets of one dead property's value.
pub const PROPERTY_MAX: usize = 1 << 20;
/// Dead properties of one resource.
pub const PROPERTIES_MAX: usize = 1_000;
/// Octets of the language tags of one content: room for dozens.
pub const LANGUAGE_MAX: usize = 500;
/// Octets of one path segment, decoded.
pub const NAME_MAX: usize = 255;
/// Segments of a path under a home.
pub const PATH_DEPTH_MAX: usize = 64;
/// Octets of a whole calendar or address book that is sent to be taken apart.
pub const IMPORT_MAX: u64 = 1 << 30;
/// Components (events, cards and the like) of such a text: as many as a query may look at.
pub const IMPORT_OBJECTS_MAX: usize = 200_000;
/// Changes of members that one request may ask for (`multiput`); its body is XML, see
/// [`XML_BODY_MAX`].
pub const BULK_CHANGES_MAX: usize = 500;
/// Objects of such a text that one transaction stores, and octets of them: some milliseconds,
/// which other writers can wait.
pub const IMPORT_BATCH: usize = 64;
/// See [`IMPORT_BATCH`].
pub const IMPORT_BATCH_OCTETS: u64 = 4 << 20;
/// Hrefs of one multiget.
pub const MULTIGET_MAX: usize = 20_000;
/// Locks on one resource, and conditions in one `If` header.
pub const LOCKS_MAX: usize = 100;
/// Longest lock, in seconds; clients that ask for `Infinite` get this (RFC 4918 §10.7).
pub const LOCK_SECONDS_MAX: i64 = 7 * 86_400;
/// A lock whose client named no time, in seconds.
pub const LOCK_SECONDS_DEFAULT: i64 = 3_600;
/// Members written per chunk of a streamed multistatus: bounds the memory of a listing.
pub const PAGE_MEMBERS: usize = 512;
/// Octets of a content kept inside the database; longer ones are files.
pub const BLOB_INLINE_MAX: usize = 64 << 10;
/// Components (events, alarms, zones) of one calendar object.
pub const COMPONENTS_MAX: usize = 20_000;
/// Values of one calendar object as JSON, names and types counted: those of the most properties, and
/// each takes some dozens of octets of memory.
pub const JSON_VALUES_MAX: usize = 2_000_000;
/// Nesting of iCalendar components.
pub const COMPONENT_DEPTH_MAX: usize = 8;
/// Properties of one calendar object or vCard.
pub const CONTENT_LINES_MAX: usize = 400_000;
/// Steps that expanding one object may take; a step is one candidate looked at.
pub const RECURRENCE_STEPS_OBJECT: u64 = 200_000;
/// Steps that one request may take for all its objects together.
pub const RECURRENCE_STEPS_REQUEST: u64 = 20_000_000;
/// Steps that eight years of all the time zones that one object writes out may take: a zone that
/// people keep takes some dozens.
pub const ZONE_STEPS_OBJECT: u64 = 10_000;
/// Octets of a time zone's name: a longer one names no zone. It is compared once per date.
pub const TZID_MAX: usize = 255;
/// Time zones that one calendar object gets written out on its way to a client: nobody travels
/// through more of them in one event.
pub const ZONES_ADDED_MAX: usize = 50;
/// Changes of its clocks that one answer of the time zone service tells: those of 500 years.
pub const TZDIST_OBSERVANCES_MAX: usize = 1_000;
/// Zones, lists and observances of the time zone service that one client may have at once: an office
/// behind one address, three of whose programs take the whole database.
pub const TZDIST_BURST: i64 = 2_000;
/// So many more of them a second: the whole database in two minutes, which nobody waits for.
pub const TZDIST_PER_SECOND: i64 = 5;
/// Clients of the time zone service that are counted; when there are more, all begin anew.
pub const TZDIST_CLIENTS_MAX: usize = 50_000;
/// Characters of a client's text that an error repeats.
pub const SHOWN_MAX: usize = 40;
/// Octets of a principal's name, of an address, of a display name.
pub const PRINCIPAL_NAME_MAX: usize = 254;
/// Octets of a password: argon2 takes any length, a request does not.
pub const PASSWORD_MAX: usize = 1_024;
/// How long a verified credential is remembered, in seconds.
pub const CREDENTIAL_CACHE_SECONDS: u64 = 300;
/// Verified credentials remembered at once.
pub const CREDENTIAL_CACHE_MAX: usize = 20_000;
/// Password verifications under way at once; each takes 19 MiB and a core.
pub const PASSWORD_CHECKS_MAX: usize = 2;
/// Seconds that a client may take for a request's header, and between two pieces of its body.
pub const HTTP_STALL_SECONDS: u64 = 30;
/// Seconds that a connection is read on after an answer that did not wait for the request's body:
/// closed at once, it would take the answer with it.
pub const HTTP_LINGER_SECONDS: u64 = 5;
/// Octets a second that a request's body must bring on average, once the client was waited for
/// longer than `HTTP_STALL_SECONDS`: the slowest telephone brings more, a trickle does not.
pub const HTTP_BODY_RATE_MIN: u64 = 256;
/// Seconds that a connection without a request stays open; HTTP/1.1 ones go earlier, after
/// `HTTP_STALL_SECONDS`.
pub const HTTP_IDLE_SECONDS: u64 = 120;
/// Seconds that one HTTP/2 stream may leave its answer unread while others go on.
pub const HTTP2_STREAM_STALL_SECONDS: u64 = 120;
/// Octets of an answer handed to the connection at a time: what a client that does not read can
/// make one stream hold.
pub const HTTP_PIECE_MAX: usize = 64 << 10;
/// Seconds that a client may take for the TLS handshake.
pub const TLS_HANDSHAKE_SECONDS: u64 = 10;
/// Octets of a request's header.
pub const HTTP_HEADER_MAX: usize = 64 << 10;
/// Entity tags of one `If-Match` or `If-None-Match`: nobody keeps so many versions of a resource.
pub const ETAGS_MAX: usize = 100;
/// Ranges of one request; with more of them the whole is cheaper (RFC 9110 §17.15).
pub const RANGES_MAX: usize = 16;
/// Octets of a client's name in the log.
pub const CLIENT_NAME_MAX: usize = 64;
/// Streams of one HTTP/2 connection at once.
pub const HTTP2_STREAMS_MAX: u32 = 128;
/// Writes that one commit may carry.
pub const GROUP_COMMIT_MAX: usize = 256;
/// Idle connections that the embedded engine keeps for readers; each may hold 4 MB of pages.
pub const READERS_IDLE_MAX: usize = 32;
/// Octets of the embedded engine's write-ahead log at which readers are waited for, to empty it.
pub const LOG_FOLD_OCTETS: u64 = 32 << 20;
/// Days that replaced and deleted content is kept.
pub const HISTORY_DAYS: i64 = 30;
/// Seconds that a content without references is kept: whoever reads it at that moment finishes,
/// and whoever is about to store it again finds its file.
pub const BLOB_GRACE_SECONDS: i64 = 3_600;
/// Seconds that a file without a row is kept. Only a crash or a refused upload leaves one.
pub const BLOB_ORPHAN_SECONDS: i64 = 86_400;
/// Rows that one transaction of the retention removes: a few milliseconds, which writers can wait.
pub const RETENTION_BATCH: i64 = 256;
/// Objects that one transaction brings to a collection that the server fills: other writers of the
/// account wait some milliseconds.
pub const DERIVED_BATCH: usize = 64;
/// Seconds between two looks for jobs that another process may have added.
pub const JOB_POLL_SECONDS: u64 = 10;
/// Microseconds between two such looks at least: a job that others hold is not waited for in a loop.
pub const JOB_PAUSE_MICROS: i64 = 50_000;
/// Seconds from a change of a card until the calendar of birthdays shows it: an import is one piece of
/// work.
pub const BIRTHDAYS_DELAY_SECONDS: i64 = 1;
/// Seconds from a change of the directory until its address book shows it: many changes that come
/// together are one piece of work.
pub const DIRECTORY_DELAY_SECONDS: i64 = 1;
/// Seconds that one job goes on before it makes room for the next one; well within its lease.
pub const JOB_SLICE_SECONDS: i64 = 20;
/// Seconds until a job that failed is tried again the first time; doubled each time.
pub const JOB_RETRY_SECONDS: i64 = 30;
/// Seconds until a job that keeps failing is tried again at most.
pub const JOB_RETRY_SECONDS_MAX: i64 = 3_600;
/// Octets of the error that is kept with a job.
pub const JOB_ERROR_MAX: usize = 1_000;
/// Seconds that a job's lease lasts before another worker may take it.
pub const JOB_LEASE_SECONDS: i64 = 300;
/// Days that a self-signed certificate is good for: Apple's systems refuse more than 825.
pub const SELF_SIGNED_DAYS: i64 = 820;
/// Octets of a configuration file: many times what every key with its comment takes.
pub const CONFIG_FILE_MAX: u64 = 1 << 20;
/// Octets of a UID: it is part of an index, whose entries PostgreSQL bounds at 2 704 octets.
pub const UID_MAX: usize = 1_000;
/// Change numbers, at least, that a sync of a tree looks at together.
pub const SYNC_WINDOW_MIN: i64 = 64;
/// How many times more they are than the members asked for (older numbers often are overtaken by
/// newer ones), and how many times more each time that they held too few.
pub const SYNC_WINDOW_GROWTH: i64 = 4;
/// Members of one sync answer; more are truncated (RFC 6578 §3.6), which every client goes on from.
pub const SYNC_MEMBERS_MAX: usize = 50_000;
/// Candidates that one query may look at.
pub const QUERY_MATCHES_MAX: usize = 200_000;
/// Octets of contents that a query keeps between finding and sending them; more are read again.
pub const QUERY_CONTENT_HELD: u64 = 8 << 20;
/// Instances into which one object may be expanded in an answer: every day of 27 years.
pub const EXPAND_INSTANCES_MAX: usize = 10_000;
/// Busy periods that one answer is made of, before those that touch become one.
pub const BUSY_PERIODS_MAX: usize = 100_000;
/// Periods that the answers about all the people of one request are made of, at some forty octets each.
pub const FREEBUSY_PERIODS_MAX: usize = 1_000_000;
/// Addresses that one request may ask about: whoever invites more does not look for a time that suits
/// each.
pub const FREEBUSY_PEOPLE_MAX: usize = 200;
/// Members of all the groups among them that are looked at.
pub const FREEBUSY_MEMBERS_MAX: usize = 1_000;
/// Seconds that one request may ask about: a year and a quarter, so that next year's meeting is found.
pub const FREEBUSY_SECONDS_MAX: i64 = 460 * 86_400;
/// Octets of a request for free/busy: its addresses with the names beside them.
pub const FREEBUSY_BODY_MAX: usize = 256 << 10;
/// Times that one answer to a search for a time tells, the best ones.
pub const FIND_SLOTS_MAX: usize = 100;
/// Times, each looked at for each of the people, that one search may consider: some dozens of
/// milliseconds.
pub const FIND_WORK_MAX: i64 = 1_000_000;
/// AVAILABLE components of one VAVAILABILITY that are looked at: nobody's week has so many (RFC 7953
/// §8).
pub const AVAILABLE_MAX: usize = 100;
/// Conditions of one query's filter, nested ones counted: each is held against every candidate.
pub const FILTER_CONDITIONS_MAX: usize = 200;
/// Links to one account's calendars: whoever needs more of them wants accounts.
pub const LINKS_MAX: usize = 1_000;
/// Octets of a link's label.
pub const LINK_LABEL_MAX: usize = 200;
/// Seconds within which the use of a link is noted once.
pub const LINK_USE_SECONDS: i64 = 3_600;
/// Entries that one request gives an access control list, if it has not more already: whoever grants to
/// more makes a group.
pub const ACES_MAX: usize = 200;
/// Entries of one access control list, as sharing makes them person by person. What somebody may do is
/// looked up by him, so only who reads the list pays for its length.
pub const SHAREES_MAX: usize = 2_000;
/// Entries of the access control list of a home that makes people delegates.
pub const DELEGATES_MAX: usize = 200;
/// Shared collections that show in the homes of one account: nobody keeps an eye on more, and whoever
/// shares everything with everybody fills no home without end.
pub const MOUNTS_MAX: usize = 1_000;
/// Invitations to one collection that mean nobody here.
pub const INVITATIONS_MAX: usize = 100;
/// Octets of the words of an invitation: of a name, of a summary.
pub const INVITATION_TEXT_MAX: usize = 1_000;
/// Octets of what somebody has for himself (alarms and the like) in one object of a shared calendar.
pub const PERSONAL_MAX: usize = 16 << 10;
/// Octets of all that somebody has for himself in one shared calendar: it counts for nobody's quota.
pub const PERSONAL_TOTAL_MAX: i64 = 8 << 20;
/// Addresses that one request shares with, or takes back from.
pub const SHAREES_CHANGED_MAX: usize = 500;
/// Notifications that one account keeps; the oldest go.
pub const NOTIFICATIONS_MAX: usize = 200;
/// Replies that one step of the work tells an owner of.
pub const REPLIES_BATCH: i64 = 100;
/// Levels of properties inside properties that one `expand-property` may ask for.
pub const EXPAND_DEPTH_MAX: usize = 4;
/// Resources that one `expand-property` may look at.
pub const EXPAND_RESOURCES_MAX: usize = 1_000;
/// Principals of one answer to a search: a person looks through no more of them.
pub const PRINCIPALS_FOUND_MAX: usize = 200;
/// Principals that one search may look at; only an administrator sees more than a few.
pub const PRINCIPALS_SEARCHED_MAX: usize = 20_000;
/// Resources of one answer to `principal-match`.
pub const PRINCIPAL_MATCHES_MAX: usize = 1_000;
/// Octets of one value that the index of texts keeps: names and addresses are shorter; of a longer
/// one it says only that it is there.
pub const SEARCH_VALUE_MAX: usize = 256;
/// Octets of the texts of one object in that index.
pub const SEARCH_TEXT_MAX: usize = 2_048;
/// Texts that are indexed together: more make fewer rows to write and to read, but each search looks
/// through those that have not been indexed yet, at about a quarter of a microsecond each.
pub const SEARCH_SEGMENT: i64 = 2_048;
/// Rows of an index that one transaction writes or removes: some milliseconds.
pub const SEARCH_ROWS: usize = 2_048;
/// Objects that one transaction enters into the index of a store from before there was one.
pub const SEARCH_FILL: usize = 128;
/// Collections of a store whose index is to be worked out anew that one transaction looks at.
pub const SEARCH_MARK: usize = 1_000;
/// Alternatives of one search that are narrowed by the index: each may bring lists of a tenth of a
/// megabyte to memory. With more, the texts themselves are looked through.
pub const SEARCH_TERMS_MAX: usize = 16;
/// Candidates that are looked at rather than narrowed further: each costs about as much as a row of
/// the index.
pub const SEARCH_FEW: usize = 64;
/// Instances of an event that the index keeps, at some six octets each: a weekly one of a year fits.
pub const INDEXED_INSTANCES_MAX: usize = 64;
/// Answers to an invitation that the index keeps, at nine octets each, of those who have not said that
/// they come: more are looked up in the event itself.
pub const INDEXED_ANSWERS_MAX: usize = 64;
/// Octets of those lines of an event that say when it is, which the index keeps where there are too
/// many instances: an event that recurs has some hundred.
pub const INDEXED_BONES_MAX: usize = 1_024;
/// Octets of an address that the server fetches from: PostgreSQL's indexes take 2 704, and no feed's
/// address is as long.
pub const URL_MAX: usize = 2_000;
/// Octets of a feed, inflated: some ten thousand events, which one fetch holds in memory.
pub const FEED_MAX: usize = 10 << 20;
/// Octets of the head of an answer to the server's own request.
pub const OUTBOUND_HEAD_MAX: usize = 64 << 10;
/// Fields of such a head.
pub const OUTBOUND_FIELDS_MAX: usize = 100;
/// Redirects that are followed: a shortener, a move and TLS come one after the other.
pub const OUTBOUND_REDIRECTS_MAX: usize = 5;
/// Addresses of one host that are tried.
pub const OUTBOUND_ADDRESSES_MAX: usize = 8;
/// Seconds until an address of a host must have been connected to, TLS included.
pub const OUTBOUND_CONNECT_SECONDS: u64 = 10;
/// Seconds until the head of an answer must be there: some feeds are made anew for each request.
pub const OUTBOUND_FIRST_SECONDS: u64 = 30;
/// Seconds until a fetch must have ended, redirects included.
pub const OUTBOUND_WHOLE_SECONDS: u64 = 90;
/// Octets of a feed's objects, each with the zones that it names: what is held while they are looked
/// through, several times over.
pub const FEED_OBJECTS_MAX: usize = 24 << 20;
/// Feeds that an account may subscribe to: each is a collection that every program lists.
pub const SUBSCRIPTIONS_MAX: i64 = 100;
/// Feeds that one server fetches at once; a slow one takes one of these places, and so many slow ones
/// make the others wait.
pub const FEEDS_AT_ONCE: usize = 8;
/// Calendars that one server brings up to date with their feeds at once; each is writes to the store.
pub const SETTLING_AT_ONCE: usize = 2;
/// Seconds between two looks for feeds that are due: whoever subscribes waits for that.
pub const FEED_POLL_SECONDS: u64 = 2;
/// Seconds until another worker may take a feed that one took.
pub const FEED_LEASE_SECONDS: i64 = 600;
/// Seconds between two fetches of a feed, at least and at most: publishers count requests, and people
/// expect a change by the next day.
pub const FEED_PACE_SECONDS: (i64, i64) = (900, 86_400);
/// Subscribers of one feed whose wishes are looked at.
pub const FEED_WISHES_MAX: i64 = 1_000;
/// Octets of what is said of a feed that fails, and of validators that its server gives.
pub const FEED_TEXT_MAX: usize = 500;
/// Seconds that a feed which nobody has is kept: somebody may be about to subscribe.
pub const FEED_UNUSED_SECONDS: i64 = 3_600;
/// Seconds of looking through a feed's events: the largest honest one takes one or two.
pub const FEED_WORK_SECONDS: u64 = 20;
/// News of changes that are kept for a watcher that is slow; one that is slower looks anew.
pub const NEWS_KEPT: usize = 1_024;
/// Transactions whose changes wait to be told to other processes; when there are more, these look anew.
pub const NEWS_WAITING: usize = 4_096;
/// Octets of what is told to other processes at once: PostgreSQL takes less than 8 000.
pub const NEWS_TEXT_MAX: usize = 7_500;
/// Milliseconds between two times that other processes are told: what comes meanwhile goes together.
pub const NEWS_PAUSE_MILLIS: u64 = 20;
/// Seconds until a lost way to hear of other processes is tried again.
pub const NEWS_RETRY_SECONDS: u64 = 5;
/// Accounts that scheduling messages are delivered to side by side; each is one write.
pub const DELIVERED_AT_ONCE: usize = 32;
/// Octets of what is worked out once for many recipients of one step; what is beyond is worked out for
/// each.
pub const ALIKE_OCTETS_MAX: usize = 32 << 20;
/// Messages for one account that one write takes in.
pub const DELIVERY_BATCH: usize = 16;
/// How often a delivery is tried at once while the store is busy with others' writes.
pub const DELIVERY_TRIES: usize = 5;
/// Seconds until a message is tried again that could not be taken in.
pub const DELIVERY_RETRY_SECONDS: i64 = 60;
/// Groups whose members a resource answers otherwise than others.
pub const RESOURCE_RULES_MAX: usize = 50;
/// Letters for people elsewhere that are handed over in one step.
pub const OUTLET_BATCH: usize = 16;
/// Seconds that a worker has for handing over a batch of them.
pub const OUTLET_LEASE_SECONDS: i64 = 600;
/// Seconds until a letter is tried again that was not taken; longer with each time, up to an hour.
pub const OUTLET_RETRY_SECONDS: i64 = 60;
/// Seconds after which a letter is given up that nobody took: three days.
pub const OUTLET_PATIENCE_SECONDS: i64 = 3 * 86_400;
/// How often it is tried before it is given up: about a day.
pub const DELIVERY_RETRIES_MAX: i64 = 1_440;
/// Messages that an inbox holds; the oldest makes room for the next.
pub const INBOX_MAX: i64 = 1_000;
/// Scheduling messages that are told of one meeting, the newest.
pub const SCHEDULE_HISTORY_MAX: usize = 2_000;
/// Octets of a push message, padding included; with what encryption adds it is to fit into the 4 096
/// that every push service takes (RFC 8030 §7.2).
pub const PUSH_MESSAGE_MAX: usize = 1_536;
/// Seconds that the proof to a push service lasts: at most a day (RFC 8292 §2).
pub const PUSH_PROOF_SECONDS: i64 = 43_200;
/// Seconds that a registration for push lasts when its maker names no end, and at most: who does not
/// renew it is probably gone.
pub const PUSH_LASTS_SECONDS: (i64, i64) = (7 * 86_400, 30 * 86_400);
/// Registrations of a principal for one collection: so many devices; more push out those that end first.
pub const PUSH_EACH_MAX: i64 = 50;
/// Registrations of a principal in all, in the same way.
pub const PUSH_USER_MAX: i64 = 2_000;
/// Registrations that one request can name as those that need not be told.
pub const PUSH_QUIET_MAX: usize = 20;
/// Different kinds of changes that are looked through for one message; more count as all kinds.
pub const PUSH_CHANGES_MAX: i64 = 1_000;
/// Seconds between two messages to one registration: what changes meanwhile is told by one.
pub const PUSH_PAUSE_SECONDS: i64 = 5;
/// Milliseconds after a change within which others are looked at together with it.
pub const PUSH_GATHER_MILLIS: u64 = 200;
/// Seconds between two looks at all registrations: for changes by processes that tell nobody.
pub const PUSH_LOOK_SECONDS: u64 = 30;
/// Registrations of one principal, and of all, that are looked at together.
pub const PUSH_PENDING_EACH: i64 = 8;
/// See [`PUSH_PENDING_EACH`].
pub const PUSH_PENDING_MAX: i64 = 256;
/// Messages that one server sends at once; a slow push service takes a place for a while.
pub const PUSH_AT_ONCE: usize = 32;
/// Of them those to one push service: another one is to find places.
pub const PUSH_AT_ONCE_SERVICE: usize = 16;
/// Of them those to the registrations of one principal.
pub const PUSH_AT_ONCE_EACH: usize = 4;
/// Seconds until a push service must have been connected to.
pub const PUSH_CONNECT_SECONDS: u64 = 5;
/// Seconds until its answer must be there.
pub const PUSH_FIRST_SECONDS: u64 = 10;
/// Seconds until a message must have gone out.
pub const PUSH_WHOLE_SECONDS: u64 = 20;
/// Seconds until another worker may take a registration that one took.
pub const PUSH_LEASE_SECONDS: i64 = 60;
/// Seconds that a push service keeps a message for a device that is off: after a day it asks anyway.
pub const PUSH_KEPT_SECONDS: i64 = 86_400;
/// Seconds until a message that failed is tried again, at first and at most.
pub const PUSH_RETRY_SECONDS: (i64, i64) = (30, 21_600);
/// Seconds for which messages may fail until the registration ends: a push service may be away for a
/// weekend.
pub const PUSH_FAILING_SECONDS: i64 = 3 * 86_400;
/// Octets of what is said of a message that failed.
pub const PUSH_TEXT_MAX: usize = 300;
/// Seconds ahead of now within which a room can be booked: two years. A series must end by then, so
/// that all of it is kept free.
pub const BOOKING_AHEAD_SECONDS: i64 = 731 * 86_400;
/// Times that one meeting can book a room for: more than every day of these two years.
pub const BOOKINGS_MAX: usize = 750;
/// Times that are named where a room is taken: the first ones are enough to see why.
pub const BOOKINGS_NAMED: usize = 10;
/// Percent of a series' instances that may be taken for the others to be accepted nevertheless.
pub const BOOKING_CLASHES_PERCENT: usize = 25;
/// Events of a resource whose bookings one write works out.
pub const BOOKINGS_BATCH: usize = 50;
/// Seconds that a booking is kept when it is over: nobody asks for it, but clocks are set back.
pub const BOOKINGS_KEPT_SECONDS: i64 = 86_400;
/// Rooms that a search for a time looks at when it names none: each costs as much as a person.
pub const FIND_ROOMS_MAX: usize = 50;
/// People whom a room is for at most: more than any hall seats.
pub const CAPACITY_MAX: i64 = 1_000_000;
/// Features of a resource: they come with every search, and are asked for by name.
pub const FEATURES_MAX: usize = 32;
/// Characters of a feature.
pub const FEATURE_TEXT_MAX: usize = 64;
/// Characters that say where a resource is.
pub const LOCATION_TEXT_MAX: usize = 255;
