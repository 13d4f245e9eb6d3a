// State archives: one `serialize(Archive&, version)` function per component, in the manner of
// Boost.Serialization, gives the bytes of a snapshot, of a recording, of a digest, and the field names that a
// divergence report prints.
//
// Boost's own archives are not used: the stock binary archive carries library versions, differs between
// builds, and allocates what a hostile count asks for. These are little-endian, headerless, bounded, without
// pointers or tracking.
//
//     template <class Archive> void serialize(Archive& archive, unsigned /*version*/) {
//         archive & BOOST_SERIALIZATION_NVP(divisor) & BOOST_SERIALIZATION_NVP(fifo);
//     }
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/mpl/bool.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>

#include "base/address.hpp"
#include "base/position.hpp"

namespace backspin {

/// The bytes do not hold what they should: cut short, or a count or value out of bounds.
class BadState : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr unsigned kStateVersion = 1;

template <class Archive>
void serialize(Archive& archive, StepCount& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}
template <class Archive>
void serialize(Archive& archive, VirtualTime& x, unsigned) {
    archive& boost::serialization::make_nvp("ns", x.ns);
}
template <class Archive>
void serialize(Archive& archive, VirtualAddress& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}
template <class Archive>
void serialize(Archive& archive, PhysicalAddress& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}
template <class Archive>
void serialize(Archive& archive, HartId& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}
template <class Archive>
void serialize(Archive& archive, RegisterId& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}
template <class Archive>
void serialize(Archive& archive, Channel& x, unsigned) {
    archive& boost::serialization::make_nvp("value", x.value);
}

namespace detail {

template <class T>
concept Scalar = std::integral<T> || std::is_enum_v<T>;

template <Scalar T>
constexpr std::uint64_t to_bits(T value) {
    if constexpr (std::is_enum_v<T>) {
        return to_bits(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
        return value ? 1 : 0;
    } else {
        return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
    }
}

/// Lies in memory as the archives write it: copied whole.
template <class T>
concept Plain = Scalar<T> && !std::is_same_v<T, bool>;
static_assert(std::endian::native == std::endian::little);

}  // namespace detail

/// Appends values to bytes.
class StateWriter {
  public:
    using is_saving = boost::mpl::true_;
    using is_loading = boost::mpl::false_;

    explicit StateWriter(std::vector<std::byte>& out) : out_(out) {}

    template <class T>
    StateWriter& operator&(const boost::serialization::nvp<T>& pair) {
        put(pair.const_value());
        return *this;
    }

  private:
    template <detail::Scalar T>
    void put(T value) {
        const auto bits = detail::to_bits(value);
        const auto at = out_.size();
        out_.resize(at + sizeof(T));
        std::memcpy(out_.data() + at, &bits, sizeof(T));
    }
    template <class T>
    void put_elements(const T& values) {
        if constexpr (detail::Plain<typename T::value_type> &&
                      !std::is_same_v<T, std::deque<typename T::value_type>>) {
            const auto bytes = std::as_bytes(std::span(values));
            out_.insert(out_.end(), bytes.begin(), bytes.end());
        } else {
            for (const auto& value : values) put(value);
        }
    }
    template <class T, std::size_t N>
    void put(const std::array<T, N>& values) {
        put_elements(values);
    }
    template <class T>
    void put_sequence(const T& values) {
        put(static_cast<std::uint32_t>(values.size()));
        put_elements(values);
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put_sequence(values);
    }
    template <class T>
    void put(const std::deque<T>& values) {
        put_sequence(values);
    }
    void put(const std::string& text) { put_sequence(text); }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T>
        requires std::is_class_v<T>
    void put(const T& value) {
        // Boost's serialize functions take a mutable reference in both directions; a writer only reads.
        boost::serialization::serialize_adl(*this, const_cast<T&>(value), kStateVersion);
    }

    std::vector<std::byte>& out_;
};

/// Takes values from bytes. Throws BadState rather than read past the end or allocate more than the bytes can
/// hold.
class StateReader {
  public:
    using is_saving = boost::mpl::false_;
    using is_loading = boost::mpl::true_;

    explicit StateReader(std::span<const std::byte> in) : in_(in) {}

    template <class T>
    StateReader& operator&(const boost::serialization::nvp<T>& pair) {
        get(pair.value());
        return *this;
    }
    bool at_end() const { return in_.empty(); }

  private:
    template <detail::Scalar T>
    void get(T& value) {
        if (in_.size() < sizeof(T)) throw BadState("the state ends in the middle of a value");
        std::uint64_t bits = 0;
        std::memcpy(&bits, in_.data(), sizeof(T));
        in_ = in_.subspan(sizeof(T));
        if constexpr (std::is_same_v<T, bool>) {
            if (bits > 1) throw BadState("a truth value that is neither 0 nor 1");
            value = bits == 1;
        } else {
            value = static_cast<T>(bits);
        }
    }
    template <class T, std::size_t N>
    void get(std::array<T, N>& values) {
        if constexpr (detail::Plain<T>) {
            if (in_.size() < sizeof values) throw BadState("the state ends in the middle of a value");
            std::memcpy(values.data(), in_.data(), sizeof values);
            in_ = in_.subspan(sizeof values);
        } else {
            for (auto& value : values) get(value);
        }
    }
    template <class T>
    void get_sequence(T& values) {
        std::uint32_t count = 0;
        get(count);
        // Every element takes at least one byte, so a count beyond what is left is a lie.
        if (count > in_.size()) throw BadState("a count larger than the state that should hold it");
        values.clear();
        for (std::uint32_t i = 0; i < count; ++i) get(values.emplace_back());
    }
    template <class T>
    void get(std::vector<T>& values) {
        get_sequence(values);
    }
    template <class T>
    void get(std::deque<T>& values) {
        get_sequence(values);
    }
    void get(std::string& text) {
        std::vector<char> characters;
        get_sequence(characters);
        text.assign(characters.begin(), characters.end());
    }
    template <class T>
    void get(std::optional<T>& value) {
        bool present = false;
        get(present);
        if (present) {
            get(value.emplace());
        } else {
            value.reset();
        }
    }
    template <class T>
        requires std::is_class_v<T>
    void get(T& value) {
        boost::serialization::serialize_adl(*this, value, kStateVersion);
    }

    std::span<const std::byte> in_;
};

struct FieldValue {
    std::string name;   ///< "fifo[3]", "timer.compare"
    std::string value;  ///< as hexadecimal, strings quoted
    bool operator==(const FieldValue&) const = default;
};

/// Lists every field of a component by name: what a divergence report compares and prints.
class StateLister {
  public:
    using is_saving = boost::mpl::true_;
    using is_loading = boost::mpl::false_;

    template <class T>
    StateLister& operator&(const boost::serialization::nvp<T>& pair) {
        list(pair.name(), pair.const_value());
        return *this;
    }
    const std::vector<FieldValue>& fields() const { return fields_; }

  private:
    static std::string hexadecimal(std::uint64_t bits);

    template <detail::Scalar T>
    void list(const std::string& name, T value) {
        fields_.push_back({prefix_ + name, hexadecimal(detail::to_bits(value))});
    }
    template <class T>
    void list_sequence(const std::string& name, const T& values) {
        std::size_t i = 0;
        for (const auto& value : values) list(name + "[" + std::to_string(i++) + "]", value);
    }
    template <class T, std::size_t N>
    void list(const std::string& name, const std::array<T, N>& values) {
        list_sequence(name, values);
    }
    template <class T>
    void list(const std::string& name, const std::vector<T>& values) {
        list_sequence(name, values);
    }
    template <class T>
    void list(const std::string& name, const std::deque<T>& values) {
        list_sequence(name, values);
    }
    void list(const std::string& name, const std::string& text) {
        fields_.push_back({prefix_ + name, '"' + text + '"'});
    }
    template <class T>
    void list(const std::string& name, const std::optional<T>& value) {
        if (value) list(name, *value);
    }
    template <class T>
        requires std::is_class_v<T>
    void list(const std::string& name, const T& value) {
        const auto outer = prefix_;
        prefix_ += name + ".";
        boost::serialization::serialize_adl(*this, const_cast<T&>(value), kStateVersion);
        prefix_ = outer;
    }

    std::string prefix_;
    std::vector<FieldValue> fields_;
};

}  // namespace backspin
