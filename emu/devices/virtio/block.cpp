#include "emu/devices/virtio/block.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace backspin::emu::virtio {
namespace {

constexpr std::uint64_t kHeaderSize = 16;  ///< struct virtio_blk_req up to its data
constexpr std::uint64_t kRangeSize = 16;   ///< struct virtio_blk_discard_write_zeroes
constexpr std::uint32_t kUnmap = 1;        ///< its flag: the sectors may be deallocated
constexpr std::size_t kCopyBytes = 16384;  ///< carried between memory and drive at a time

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t offset) {
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace

/// A chain with a whole header and a place for its status.
struct Block::Request {
    const Chain* chain = nullptr;
    Type type{};
    std::uint64_t sector = 0;
    std::uint64_t readable = 0;  ///< bytes of data from the driver, without the header
    std::uint64_t writable = 0;  ///< bytes of data for the driver, without the status

    /// Nothing for a chain that cannot be answered.
    static std::optional<Request> of(const Chain& chain, const Dma& dma) {
        std::array<std::byte, kHeaderSize> header{};
        const auto read = gather(dma, chain.readable, 0, header);
        const auto writable = Chain::length(chain.writable);
        if (read != kHeaderSize || writable == 0) return std::nullopt;
        return Request{&chain, static_cast<Type>(number_at<std::uint32_t>(header, 0)),
                       number_at<std::uint64_t>(header, 8), Chain::length(chain.readable) - kHeaderSize,
                       writable - 1};
    }
};

/// What a request to discard or to write zeros speaks of.
struct Block::Range {
    std::uint64_t sector = 0;
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
};

// ---- what the driver is told --------------------------------------------------------------------

std::uint64_t Block::features() const {
    const std::uint64_t always = kSegMax | kBlkSize | kFlush;
    return always | (options_.readonly ? std::uint64_t{kReadOnly} : kDiscard | kWriteZeroes);
}

void Block::read_configuration(std::uint64_t offset, std::span<std::byte> out) const {
    std::array<std::byte, 60> space{};  // struct virtio_blk_config (5.2.4)
    const auto put = [&](std::size_t at, auto value) {
        std::memcpy(space.data() + at, &value, sizeof value);
    };
    put(0, sectors());
    put(12, kMostSegments);
    put(20, static_cast<std::uint32_t>(kSector));
    if (!options_.readonly) {
        constexpr std::uint32_t kMostRanges = 1;
        put(36, kMostZeroed);  // max_discard_sectors
        put(40, kMostRanges);
        put(44, std::uint32_t{1});  // discard_sector_alignment
        put(48, kMostZeroed);       // max_write_zeroes_sectors
        put(52, kMostRanges);
    }
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = offset < space.size() - i ? space[offset + i] : std::byte{};
}

void Block::reset() {
    done_ = 0;
    goes_on_.reset();
}

// ---- requests -----------------------------------------------------------------------------------

void Block::serve(Port& port) {
    goes_on_.reset();
    auto budget = kBytesAtOnce;
    for (int served = 0; served < kRequestsAtOnce && budget > 0; ++served) {
        const auto chain = port.peek(kRequests);
        if (!chain) return reset();  // none is left; or the driver made a mess of the rings meanwhile
        const auto request = Request::of(*chain, port.dma);
        if (!request) return port.fail();
        const auto status = go_on(*request, port, budget);
        if (!status) break;
        finish(*request, *status, port);
    }
    if (done_ != 0 || port.has_chain(kRequests)) goes_on_ = port.now;
}

std::optional<Block::Status> Block::go_on(const Request& request, Port& port, std::uint64_t& budget) {
    switch (request.type) {
        case Type::in:
        case Type::out: return copy(request, port, budget);
        case Type::flush: return Status::ok;  // requests are served in order: all before this are done
        case Type::get_id: return give_id(request, port);
        case Type::discard:
        case Type::write_zeroes: return change_range(request, port, budget);
    }
    return Status::unsupp;
}

void Block::finish(const Request& request, Status status, Port& port) {
    const bool reads = request.type == Type::in;
    const auto data = reads ? done_ : request.type == Type::get_id ? kIdLength : 0;
    done_ = 0;
    ++requests_;
    if (status != Status::ok) ++errors_;
    const std::array<std::byte, 1> last{static_cast<std::byte>(status)};
    if (!port.pop(kRequests) || !scatter(port.dma, request.chain->writable, request.writable, last))
        return port.fail();
    // What counts as written is one stretch from the first byte on (2.7.8.2): with the status behind it only
    // if all the data was written.
    const auto written = data >= request.writable ? request.writable + 1 : data;
    port.push(kRequests, *request.chain, static_cast<std::uint32_t>(written));
}

bool Block::lies_inside(std::uint64_t sector, std::uint64_t count) const {
    return sector <= sectors() && count <= sectors() - sector;
}

/// Data between the drive and the driver's buffers.
std::optional<Block::Status> Block::copy(const Request& request, Port& port, std::uint64_t& budget) {
    const bool reads = request.type == Type::in;
    const auto length = reads ? request.writable : request.readable;
    if (length % kSector != 0 || !lies_inside(request.sector, length / kSector)) return Status::ioerr;
    if (!reads && options_.readonly) return Status::ioerr;
    auto drive = port.dma.drive(options_.drive);
    std::array<std::byte, kCopyBytes> buffer;
    while (done_ < length) {
        if (budget == 0) return std::nullopt;
        const auto part =
            std::span(buffer).first(std::min({length - done_, budget, std::uint64_t{kCopyBytes}}));
        const auto place = request.sector * kSector + done_;
        if (reads) {
            if (!drive.read(place, part) || !scatter(port.dma, request.chain->writable, done_, part))
                return Status::ioerr;
        } else {
            if (!gather(port.dma, request.chain->readable, kHeaderSize + done_, part) ||
                !drive.write(place, part))
                return Status::ioerr;
        }
        (reads ? sectors_read_ : sectors_written_) += part.size() / kSector;
        done_ += part.size();
        budget -= part.size();
    }
    return Status::ok;
}

Block::Status Block::give_id(const Request& request, Port& port) {
    std::array<std::byte, kIdLength> id{};
    std::memcpy(id.data(), options_.id.data(), std::min(options_.id.size(), id.size()));
    const auto part = std::span(id).first(std::min<std::uint64_t>(id.size(), request.writable));
    return scatter(port.dma, request.chain->writable, 0, part) ? Status::ok : Status::ioerr;
}

std::optional<Block::Status> Block::change_range(const Request& request, Port& port, std::uint64_t& budget) {
    const bool discards = request.type == Type::discard;
    if (options_.readonly) return Status::ioerr;
    std::array<std::byte, kRangeSize> raw{};
    if (request.readable != raw.size() || !gather(port.dma, request.chain->readable, kHeaderSize, raw))
        return Status::ioerr;
    const Range range{number_at<std::uint64_t>(raw, 0), number_at<std::uint32_t>(raw, 8),
                      number_at<std::uint32_t>(raw, 12)};
    if ((range.flags & ~(discards ? 0 : kUnmap)) != 0) return Status::unsupp;
    if (range.count > kMostZeroed || !lies_inside(range.sector, range.count)) return Status::ioerr;
    if (!discards) return write_zeros(range, port.dma.drive(options_.drive), budget);
    // What is discarded may read as anything, so also as before.
    sectors_discarded_ += range.count;
    return Status::ok;
}

std::optional<Block::Status> Block::write_zeros(const Range& range, Drive drive, std::uint64_t& budget) {
    static constexpr std::array<std::byte, kCopyBytes> kZeros{};
    const auto length = range.count * kSector;
    while (done_ < length) {
        if (budget == 0) return std::nullopt;
        const auto part =
            std::span(kZeros).first(std::min({length - done_, budget, std::uint64_t{kCopyBytes}}));
        if (!drive.write(range.sector * kSector + done_, part)) return Status::ioerr;
        sectors_zeroed_ += part.size() / kSector;
        done_ += part.size();
        budget -= part.size();
    }
    return Status::ok;
}

}  // namespace backspin::emu::virtio
