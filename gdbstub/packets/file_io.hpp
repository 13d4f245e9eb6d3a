// vFile: the client reads files of the target's. GDB manual, "Host I/O Packets".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace backspin::gdbstub {

struct SetFileSystem {  //  vFile:setfs:pid
    std::uint64_t process = 0;
};
struct OpenFile {  //  vFile:open:hex-name,flags,mode
    std::string name;
    std::uint64_t flags = 0;
};
struct CloseFile {  //  vFile:close:fd
    std::uint64_t descriptor = 0;
};
struct FileStatus {  //  vFile:fstat:fd
    std::uint64_t descriptor = 0;
};
struct ReadFile {  //  vFile:pread:fd,count,offset
    std::uint64_t descriptor = 0;
    std::uint64_t count = 0;
    std::uint64_t offset = 0;
};
/// A well-formed vFile operation that is none of the above: writing, deleting, links ...
struct OtherFileOperation {};

using FileRequest =
    std::variant<SetFileSystem, OpenFile, CloseFile, FileStatus, ReadFile, OtherFileOperation>;

std::optional<FileRequest> parse_file_request(std::string_view packet);

}  // namespace backspin::gdbstub
