package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.Expression;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions. */
final class Evaluator {
    private final Budget budget;
    private final Members members;
    private final Operators operators;
    private final Filters filters;

    Evaluator(Budget budget) {
        this.budget = budget;
        this.members = new Members(budget);
        this.operators = new Operators(budget);
        this.filters = new Filters(budget, members);
    }

    Object of(Expression expression, Scope scope) {
        budget.enter();
        try {
            return value(expression, scope);
        } finally {
            budget.leave();
        }
    }

    private Object value(Expression expression, Scope scope) {
        // A chain, because Java 17 has no switch over types.
        if (expression instanceof Expression.Constant constant) {
            return constant.value();
        }
        if (expression instanceof Expression.Name name) {
            return scope.find(name.name()).orElseGet(() -> Undefined.variable(name.name()));
        }
        if (expression instanceof Expression.Attribute attribute) {
            return members.attribute(of(attribute.target(), scope), attribute.name());
        }
        if (expression instanceof Expression.Item item) {
            return members.item(of(item.target(), scope), of(item.key(), scope));
        }
        if (expression instanceof Expression.Binary binary) {
            return operators.binary(
                    binary.operator(), of(binary.left(), scope), of(binary.right(), scope));
        }
        if (expression instanceof Expression.Compare compare) {
            return compare(compare, scope);
        }
        if (expression instanceof Expression.Logic logic) {
            Object left = of(logic.left(), scope);
            return Values.isTrue(left) == logic.and() ? of(logic.right(), scope) : left;
        }
        if (expression instanceof Expression.Not not) {
            return !Values.isTrue(of(not.operand(), scope));
        }
        if (expression instanceof Expression.Test test) {
            ValueTests.check(test.name());
            return ValueTests.test(
                    of(test.value(), scope), test.name(), arguments(test.arguments(), scope));
        }
        if (expression instanceof Expression.Filter filter && filter.value() != null) {
            Object value = of(filter.value(), scope);
            return filters.apply(value, filter.name(), arguments(filter.arguments(), scope));
        }
        if (expression instanceof Expression.Call call) {
            return call(of(call.function(), scope), arguments(call.arguments(), scope));
        }
        return other(expression, scope);
    }

    private Object other(Expression expression, Scope scope) {
        if (expression instanceof Expression.NoneConstant) {
            return None.NONE;
        }
        if (expression instanceof Expression.Conditional conditional) {
            if (Values.isTrue(of(conditional.test(), scope))) {
                return of(conditional.then(), scope);
            }
            return conditional.otherwise() == null
                    ? new Undefined("the condition is false and there is no else")
                    : of(conditional.otherwise(), scope);
        }
        if (expression instanceof Expression.Concat concat) {
            StringBuilder text = new StringBuilder();
            for (Expression part : concat.parts()) {
                text.append(budget.made(PythonText.str(of(part, scope))));
            }
            return text.toString();
        }
        if (expression instanceof Expression.Slice slice) {
            return members.slice(
                    of(slice.target(), scope),
                    bound(slice.start(), scope),
                    bound(slice.stop(), scope),
                    bound(slice.step(), scope));
        }
        if (expression instanceof Expression.Signed signed) {
            Object operand = of(signed.operand(), scope);
            return signed.negative() ? Numbers.negative(operand) : operand;
        }
        if (expression instanceof Expression.ListOf list) {
            return all(list.items(), scope);
        }
        if (expression instanceof Expression.TupleOf tuple) {
            return new Tuple(all(tuple.items(), scope));
        }
        if (expression instanceof Expression.MapOf map) {
            return map(map, scope);
        }
        throw new IllegalStateException("no value of " + expression);
    }

    private Object bound(@Nullable Expression expression, Scope scope) {
        return expression == null ? None.NONE : of(expression, scope);
    }

    private List<Object> all(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression each : expressions) {
            values.add(of(each, scope));
        }
        return values;
    }

    private Map<Object, Object> map(Expression.MapOf map, Scope scope) {
        Map<Object, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < map.keys().size(); i++) {
            Object key = of(map.keys().get(i), scope);
            if (key instanceof Map || key instanceof List || key instanceof Undefined) {
                throw JinjaException.of(Values.typeName(key) + " cannot be a key");
            }
            values.put(key, of(map.values().get(i), scope));
        }
        return values;
    }

    private boolean compare(Expression.Compare compare, Scope scope) {
        Object left = of(compare.first(), scope);
        for (int i = 0; i < compare.operators().size(); i++) {
            Object right = of(compare.others().get(i), scope);
            if (!Operators.compare(compare.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    CallArguments arguments(Expression.Arguments arguments, Scope scope) {
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < arguments.names().size(); i++) {
            named.put(arguments.names().get(i), of(arguments.named().get(i), scope));
        }
        return new CallArguments(all(arguments.positional(), scope), named);
    }

    Object call(Object function, CallArguments arguments) {
        if (function instanceof Callable callable) {
            return callable.call(arguments);
        }
        if (function instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw JinjaException.of(Values.described(function) + " cannot be called");
    }

    /** Applies the filters of a block to its text. */
    Object filtered(Expression.Filter filter, String text, Scope scope) {
        Object value =
                filter.value() instanceof Expression.Filter inner
                        ? filtered(inner, text, scope)
                        : text;
        return filters.apply(value, filter.name(), arguments(filter.arguments(), scope));
    }
}
