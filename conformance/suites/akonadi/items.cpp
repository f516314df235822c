// Lists, adds, edits and removes Akonadi items, as KOrganizer and KAddressBook do through the same library.
//
//   items collections             id, remote id, content types: one collection a line, tabs between
//   items list COLLECTION         id, remote id, payload in base64: one item a line
//   items add COLLECTION TYPE     the payload is read from standard input
//   items edit ITEM               likewise
//   items remove ITEM
//
// Ends with 0 when Akonadi accepted the job; a resource writes to its server afterwards, on its own.
#include <Akonadi/CollectionFetchJob>
#include <Akonadi/ItemCreateJob>
#include <Akonadi/ItemDeleteJob>
#include <Akonadi/ItemFetchJob>
#include <Akonadi/ItemFetchScope>
#include <Akonadi/ItemModifyJob>
#include <QCoreApplication>
#include <QFile>
#include <QTextStream>

using namespace Akonadi;

static QTextStream out(stdout);

static bool finished(KJob *job)
{
    const bool good = job->exec();
    if (!good) {
        out << job->errorString() << "\n";
    }
    return good;
}

static QByteArray input()
{
    QFile in;
    in.open(stdin, QIODevice::ReadOnly);
    return in.readAll();
}

static Item fetched(qint64 id)
{
    auto job = new ItemFetchJob(Item(id));
    job->fetchScope().fetchFullPayload();
    return finished(job) && !job->items().isEmpty() ? job->items().first() : Item();
}

static bool collections()
{
    auto job = new CollectionFetchJob(Collection::root(), CollectionFetchJob::Recursive);
    if (!finished(job)) {
        return false;
    }
    for (const Collection &item : job->collections()) {
        out << item.id() << "\t" << item.remoteId() << "\t" << item.contentMimeTypes().join(QLatin1Char(' ')) << "\n";
    }
    return true;
}

static bool list(qint64 collection)
{
    auto job = new ItemFetchJob(Collection(collection));
    job->fetchScope().fetchFullPayload();
    if (!finished(job)) {
        return false;
    }
    for (const Item &item : job->items()) {
        out << item.id() << "\t" << item.remoteId() << "\t" << item.payloadData().toBase64() << "\n";
    }
    return true;
}

static bool add(qint64 collection, const QString &type)
{
    Item item(type);
    item.setPayloadFromData(input());
    return finished(new ItemCreateJob(item, Collection(collection)));
}

static bool edit(qint64 id)
{
    Item item = fetched(id);
    item.setPayloadFromData(input());
    return item.isValid() && finished(new ItemModifyJob(item));
}

int main(int count, char **words)
{
    QCoreApplication application(count, words);
    const QStringList given = application.arguments();
    const QString verb = given.value(1);
    const qint64 id = given.value(2).toLongLong();
    bool good = false;
    if (verb == QLatin1String("collections")) {
        good = collections();
    } else if (verb == QLatin1String("list")) {
        good = list(id);
    } else if (verb == QLatin1String("add")) {
        good = add(id, given.value(3));
    } else if (verb == QLatin1String("edit")) {
        good = edit(id);
    } else if (verb == QLatin1String("remove")) {
        good = finished(new ItemDeleteJob(Item(id)));
    }
    out.flush();
    return good ? 0 : 1;
}
