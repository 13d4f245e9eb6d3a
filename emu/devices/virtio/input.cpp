#include "emu/devices/virtio/input.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace backspin::emu::virtio {
namespace {

using namespace input_event;

std::vector<std::byte> text(std::string_view what) {
    const auto bytes = std::as_bytes(std::span(what));
    return {bytes.begin(), bytes.end()};
}

template <std::unsigned_integral T, std::size_t N>
std::vector<std::byte> numbers(const std::array<T, N>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

/// One bit for each code, as long as the highest needs.
class Bits {
  public:
    void set(std::uint16_t code) {
        if (bytes_.size() <= code / 8u) bytes_.resize(code / 8u + 1);
        bytes_[code / 8u] |= std::byte{1} << (code % 8u);
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> Input::event_bits() const {
    Bits bits;
    const auto all = [&](std::initializer_list<std::uint16_t> codes) {
        for (const auto code : codes) bits.set(code);
    };
    switch (subselect_) {
        case kKey:
            if (!is_keyboard()) {
                all({kLeft, kRight, kMiddle});
                break;
            }
            for (auto key = kFirstKey; key <= kLastKey; ++key) bits.set(key);
            break;
        case kRel:
            if (!is_keyboard()) all({kWheel});
            break;
        case kAbs:
            if (!is_keyboard()) all({kX, kY});
            break;
        case kLed:
            if (is_keyboard()) all({0, 1, 2});  // Num Lock, Caps Lock, Scroll Lock
            break;
        case kRep:
            if (is_keyboard()) all({0, 1});  // the driver repeats keys by itself
            break;
        default: break;
    }
    return bits.take();
}

std::vector<std::byte> Input::selected() const {
    constexpr std::uint16_t kVirtualBus = 6;
    switch (select_) {
        case kName: return text(is_keyboard() ? "Backspin keyboard" : "Backspin pointer");
        case kSerial: return text("0");
        case kIds: {
            const auto product = static_cast<std::uint16_t>(is_keyboard() ? 1 : 2);
            return numbers(std::array<std::uint16_t, 4>{kVirtualBus, 0, product, 1});
        }
        case kEventBits: return event_bits();
        case kAbsoluteInfo:
            if (is_keyboard() || subselect_ > kY) return {};
            // Lowest, highest, fuzz, flat, resolution.
            return numbers(std::array<std::uint32_t, 5>{0, kLargestCoordinate, 0, 0, 0});
        default: return {};  // no properties: where it points is not on a screen of its own
    }
}

void Input::read_configuration(std::uint64_t offset, std::span<std::byte> out) const {
    std::array<std::byte, kDataAt + kMostData> space{};
    const auto data = selected();
    space[kSelectAt] = std::byte{select_};
    space[kSubselectAt] = std::byte{subselect_};
    space[kSizeAt] = static_cast<std::byte>(data.size());
    std::ranges::copy(data, space.begin() + kDataAt);
    for (auto& byte : out) {
        byte = offset < space.size() ? space[offset] : std::byte{};
        ++offset;
    }
}

void Input::write_configuration(std::uint64_t offset, std::span<const std::byte> bytes) {
    for (const auto byte : bytes) {
        if (offset == kSelectAt) select_ = std::to_integer<std::uint8_t>(byte);
        if (offset == kSubselectAt) subselect_ = std::to_integer<std::uint8_t>(byte);
        ++offset;
    }
}

void Input::notified(std::size_t queue, Port& port) {
    if (queue != kStatus) return;
    // The keyboard's lights: nobody sees them.
    for (int i = 0; i < Queue::kMaxSize; ++i) {
        const auto chain = port.pop(kStatus);
        if (!chain) return;
        port.push(kStatus, *chain, 0);
    }
}

std::size_t Input::room_for_input(Port& port) const {
    return kSize * port.chains(kEvents);
}

void Input::input(std::span<const std::byte> bytes, Port& port) {
    for (; bytes.size() >= kSize; bytes = bytes.subspan(kSize)) {
        const auto chain = port.pop(kEvents);
        if (!chain) return;
        const auto written = scatter(port.dma, chain->writable, 0, bytes.first(kSize));
        if (written != kSize) return port.fail();
        port.push(kEvents, *chain, kSize);
    }
}

}  // namespace backspin::emu::virtio
