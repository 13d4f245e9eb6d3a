// What semihosting remembers: the files that a guest has open, the last error, and the call that waits for
// the host's answer. Source: Semihosting for AArch32 and AArch64 (Arm), chapter "Semihosting operations";
// RISC-V Semihosting.
//
// It is on no bus: emu/semihosting.hpp makes the calls. Nothing here is a host's handle: each request says
// all that the host has to know, so that a state can be put back at any time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/address.hpp"
#include "base/state.hpp"

namespace backspin::emu {

/// Error numbers as the guest's C library knows them: those below 35 are the same everywhere.
enum class HostError : std::uint32_t {
    none = 0,
    no_entry = 2,          ///< ENOENT
    input_output = 5,      ///< EIO
    too_big = 7,           ///< E2BIG
    bad_handle = 9,        ///< EBADF
    access = 13,           ///< EACCES
    fault = 14,            ///< EFAULT
    not_a_directory = 20,  ///< ENOTDIR
    is_a_directory = 21,   ///< EISDIR
    invalid = 22,          ///< EINVAL
    too_many_open = 24,    ///< EMFILE
    not_seekable = 29,     ///< ESPIPE
    not_supported = 88,    ///< ENOSYS, as newlib and picolibc count it
};

/// A question that only the host can answer.
struct HostRequest {
    enum class Kind : std::uint8_t { open, read_file, read_console };

    Kind kind = Kind::open;
    HartId hart;               ///< who waits
    std::string name;          ///< of the file, as the guest wrote it: any bytes but NUL
    std::uint64_t offset = 0;  ///< in the file, of the first byte wanted
    std::uint32_t length = 0;  ///< bytes wanted at most; 0 for open

    // What the machine does with the answer; of no interest to the host.
    std::uint32_t handle = 0;   ///< of the file that is read, or that is given out if it opens
    VirtualAddress buffer;      ///< where the guest wants the bytes
    std::uint64_t asked = 0;    ///< bytes that the guest asked for, which may be more than `length`
    bool is_character = false;  ///< SYS_READC: one byte, into the register

    template <class Archive>
    void serialize(Archive& archive, unsigned version);
};

/// Longest file name that a guest may give.
inline constexpr std::size_t kLongestSemihostingName = 1024;

/// A file that a guest has opened. (At namespace scope: inside the class that holds it, clang does not yet
/// take it for constructible.)
struct SemihostingFile {
    enum class Kind : std::uint8_t { console_input, console_output, features, file };
    Kind kind = Kind::file;
    std::string name;            ///< of a file
    std::uint64_t position = 0;  ///< of the next byte that is read
    std::uint64_t length = 0;    ///< when it was opened

    bool is_console() const { return kind == Kind::console_input || kind == Kind::console_output; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        archive& BOOST_SERIALIZATION_NVP(kind) & BOOST_SERIALIZATION_NVP(name) &
            BOOST_SERIALIZATION_NVP(position) & BOOST_SERIALIZATION_NVP(length);
        if (kind > Kind::file || name.size() > kLongestSemihostingName)
            throw BadState("semihosting: a file that no guest can have opened");
    }
};

struct Semihosting {
    static constexpr std::size_t kMostOpen = 16;
    static constexpr std::size_t kLongestName = kLongestSemihostingName;
    /// Bytes that one answer carries: with its error in front it fits into an input.
    static constexpr std::uint32_t kMostBytes = 1u << 19;

    using OpenFile = SemihostingFile;

    /// At power-on the first three are the console's input, output and error output, as programs expect that
    /// use them without opening anything. They are never closed.
    static constexpr std::uint32_t kFirstFree = 3;
    std::array<std::optional<OpenFile>, kMostOpen> files{OpenFile{OpenFile::Kind::console_input, {}},
                                                         OpenFile{OpenFile::Kind::console_output, {}},
                                                         OpenFile{OpenFile::Kind::console_output, {}}};
    HostError error = HostError::none;   ///< SYS_ERRNO's
    std::optional<HostRequest> request;  ///< while it waits, the whole machine stands still

    /// Null if nothing is open under this handle.
    OpenFile* find(std::uint64_t handle);
    /// A handle for the next file that is opened.
    std::optional<std::uint32_t> free_handle() const;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        archive& BOOST_SERIALIZATION_NVP(files) & BOOST_SERIALIZATION_NVP(error) &
            BOOST_SERIALIZATION_NVP(request);
        if constexpr (Archive::is_loading::value) check();
    }

  private:
    /// Throws BadState for what no calls can have led to.
    void check() const;
};

template <class Archive>
void HostRequest::serialize(Archive& archive, unsigned /*version*/) {
    archive& BOOST_SERIALIZATION_NVP(kind) & BOOST_SERIALIZATION_NVP(hart) & BOOST_SERIALIZATION_NVP(name) &
        BOOST_SERIALIZATION_NVP(offset) & BOOST_SERIALIZATION_NVP(length) & BOOST_SERIALIZATION_NVP(handle) &
        BOOST_SERIALIZATION_NVP(buffer) & BOOST_SERIALIZATION_NVP(asked) &
        BOOST_SERIALIZATION_NVP(is_character);
}

}  // namespace backspin::emu
