#include "snapshots/sqlite.hpp"

#include <sqlite3.h>

namespace backspin::snapshots {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

void Statement::check(int code) const {
    if (code == SQLITE_OK) return;
    throw SqliteError(code & 0xff, sqlite3_errmsg(sqlite3_db_handle(statement_.get())));
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), parameter, value));
    return *this;
}
Statement& Statement::bind(int parameter, std::string_view text) {
    check(sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
    return *this;
}
Statement& Statement::bind(int parameter, std::span<const std::byte> blob) {
    // A null pointer would bind NULL; an empty blob is a blob.
    const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
    check(sqlite3_bind_blob64(statement_.get(), parameter, data, blob.size(), SQLITE_TRANSIENT));
    return *this;
}
Statement& Statement::bind(int parameter, std::nullptr_t) {
    check(sqlite3_bind_null(statement_.get(), parameter));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    check(code);
    return false;
}

void Statement::run() {
    step();
    check(sqlite3_reset(statement_.get()));
    sqlite3_clear_bindings(statement_.get());
}

int Statement::columns() const {
    return sqlite3_column_count(statement_.get());
}
ColumnType Statement::type(int column) const {
    return static_cast<ColumnType>(sqlite3_column_type(statement_.get(), column));
}
std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view{} : std::string_view{data, size};
}

std::span<const std::byte> Statement::blob(int column) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::span<const std::byte>{} : std::span{data, size};
}

Database::Database(const std::string& uri, Mode mode, const char* vfs) {
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (mode == Mode::read_only) flags |= SQLITE_OPEN_READONLY;
    if (mode != Mode::read_only) flags |= SQLITE_OPEN_READWRITE;
    if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(uri.c_str(), &opened, flags, vfs);
    database_.reset(opened);
    if (code != SQLITE_OK) {
        throw SqliteError(code & 0xff, opened == nullptr ? "out of memory" : sqlite3_errmsg(opened));
    }
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(opened, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
    execute("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0");
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) throw SqliteError(code & 0xff, sqlite3_errmsg(database_.get()));
    return Statement(statement);
}

void Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw SqliteError(code & 0xff, sqlite3_errmsg(database_.get()));
}

void Database::limit_length(int bytes) {
    sqlite3_limit(database_.get(), SQLITE_LIMIT_LENGTH, bytes);
}

void Database::keep_log_on_close() {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

std::string sqlite_uri(std::string_view path, std::string_view query) {
    constexpr std::string_view kHexadecimal = "0123456789ABCDEF";
    // A relative path needs its "./": "file:a:b" is fine, but "file://x" would name a host.
    std::string uri = path.starts_with('/') ? "file:" : "file:./";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = byte > 0x20 && byte < 0x7f && c != '%' && c != '?' && c != '#';
        if (plain) {
            uri += c;
        } else {
            uri += '%';
            uri += kHexadecimal[byte >> 4];
            uri += kHexadecimal[byte & 15];
        }
    }
    if (uri.starts_with("file://")) uri.insert(5, "//");  // an absolute path that starts with two slashes
    if (!query.empty()) uri.append("?").append(query);
    return uri;
}

}  // namespace backspin::snapshots
