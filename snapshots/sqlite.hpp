// The little of SQLite that a recording needs, as values that close themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace backspin::snapshots {

/// What SQLite said. Whoever knows the file's name turns it into a message for the user.
class SqliteError : public std::runtime_error {
  public:
    SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    /// The primary result code: SQLITE_CORRUPT, SQLITE_FULL ...
    int code() const { return code_; }

  private:
    int code_;
};

enum class ColumnType : std::uint8_t { integer = 1, real = 2, text = 3, blob = 4, null = 5 };

/// A prepared statement. Parameters count from 1, columns from 0. Must not outlive its database.
class Statement {
  public:
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view text);
    Statement& bind(int parameter, std::span<const std::byte> blob);
    Statement& bind(int parameter, std::nullptr_t);

    /// True if there is a row.
    bool step();
    /// Runs a statement that gives no rows, and makes it ready for the next time.
    void run();

    int columns() const;
    ColumnType type(int column) const;
    std::int64_t integer(int column) const;
    /// Valid until the next step.
    std::string_view text(int column) const;
    std::span<const std::byte> blob(int column) const;

  private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    void check(int code) const;

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection, used by one thread at a time.
class Database {
  public:
    enum class Mode : std::uint8_t { read_only, read_write, create };

    /// `uri` as in "file:name?immutable=1"; `vfs` empty for the default one. Extended attack surface is off
    /// from the start: no trusted schema, no memory mapping, defensive mode, cell sizes checked.
    Database(const std::string& uri, Mode mode, const char* vfs = nullptr);

    Statement prepare(std::string_view sql);
    void execute(const std::string& sql);
    /// No single value may be longer than this.
    void limit_length(int bytes);
    /// Closing leaves a write-ahead log as it is.
    void keep_log_on_close();

  private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

/// "file:" and the path with everything escaped that has a meaning in a URI.
std::string sqlite_uri(std::string_view path, std::string_view query);

}  // namespace backspin::snapshots
