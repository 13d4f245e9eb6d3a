// One file can be read, the program that the target runs; nothing can be written.
#include "gdbstub/packets/file_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub::handlers {

namespace {

constexpr std::uint64_t kDescriptor = 1;
constexpr std::uint64_t kAccessModeMask = 3;  // O_RDONLY is 0

/// F result [,errno] [;attachment]
Binary success(std::uint64_t result, std::string_view attachment = {}) {
    if (attachment.empty()) return {fmt::format("F{:x}", result)};
    return {fmt::format("F{:x};", result) + std::string(attachment)};
}
Binary failure(unsigned errno_code) {
    return {fmt::format("F-1,{:x}", errno_code)};
}

void append_big_endian(std::string& to, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) to.push_back(static_cast<char>(value >> 8 * i & 0xff));
}

/// struct stat of the file-I/O protocol, 64 bytes. GDB manual, "struct stat".
std::string status_of(std::size_t size) {
    constexpr std::uint64_t kRegularFileReadableByAll = 0100444;
    constexpr std::uint64_t kBlock = 512;
    std::string status;
    append_big_endian(status, 0, 4);  // st_dev
    append_big_endian(status, 0, 4);  // st_ino
    append_big_endian(status, kRegularFileReadableByAll, 4);
    append_big_endian(status, 1, 4);  // st_nlink
    append_big_endian(status, 0, 4);  // st_uid
    append_big_endian(status, 0, 4);  // st_gid
    append_big_endian(status, 0, 4);  // st_rdev
    append_big_endian(status, size, 8);
    append_big_endian(status, kBlock, 8);
    append_big_endian(status, (size + kBlock - 1) / kBlock, 8);
    append_big_endian(status, 0, 4);  // st_atime
    append_big_endian(status, 0, 4);  // st_mtime
    append_big_endian(status, 0, 4);  // st_ctime
    return status;
}

struct Perform {
    Conversation& conversation;
    const ExecFile& file;

    bool is_open(std::uint64_t descriptor) const {
        return descriptor == kDescriptor && conversation.open_files > 0;
    }

    Answer operator()(const SetFileSystem&) const { return success(0); }

    Answer operator()(const OpenFile& open) const {
        if (open.name != file.name()) return failure(errno_value::no_entry);
        if ((open.flags & kAccessModeMask) != 0) return failure(errno_value::read_only);
        ++conversation.open_files;
        return success(kDescriptor);
    }

    Answer operator()(const CloseFile& close) const {
        if (!is_open(close.descriptor)) return failure(errno_value::bad_file);
        --conversation.open_files;
        return success(0);
    }

    Answer operator()(const FileStatus& status) const {
        if (!is_open(status.descriptor)) return failure(errno_value::bad_file);
        const std::string bytes = status_of(file.contents().size());
        return success(bytes.size(), bytes);
    }

    Answer operator()(const ReadFile& read) const {
        if (!is_open(read.descriptor)) return failure(errno_value::bad_file);
        const std::string_view contents = text_of(file.contents());
        const std::string_view from_offset =
            contents.substr(std::min<std::uint64_t>(read.offset, contents.size()));
        const std::string_view piece =
            from_offset.substr(0, std::min<std::uint64_t>(read.count, kMaximumData));
        return Binary{fmt::format("F{:x};", piece.size()) + std::string(piece)};
    }

    Answer operator()(const OtherFileOperation&) const { return Unsupported{}; }
};

}  // namespace

Answer file_io(Conversation& conversation, std::string_view packet) {
    const ExecFile* const file = conversation.target.exec_file();
    if (file == nullptr) return Unsupported{};
    const std::optional<FileRequest> request = parse_file_request(packet);
    if (!request) return failure(errno_value::invalid);
    return std::visit(Perform{conversation, *file}, *request);
}

}  // namespace backspin::gdbstub::handlers
