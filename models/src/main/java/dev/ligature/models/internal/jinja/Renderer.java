package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.Expression;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import dev.ligature.models.internal.jinja.syntax.Statement;
import dev.ligature.models.internal.jinja.syntax.Statement.Signature;
import dev.ligature.models.internal.jinja.syntax.Statement.Target;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Renders statements. */
final class Renderer {
    private final Budget budget;
    private final Evaluator evaluate;
    private final List<Rendered.Span> generated = new ArrayList<>();
    private StringBuilder output = new StringBuilder();
    private int captures;

    Renderer(Budget budget) {
        this.budget = budget;
        this.evaluate = new Evaluator(budget);
    }

    /** Where a body ended. */
    private enum Flow {
        END,
        BREAK,
        CONTINUE
    }

    Rendered render(List<Statement> template, Scope scope) {
        body(template, scope);
        return new Rendered(output.toString(), generated);
    }

    private Flow body(List<Statement> statements, Scope scope) {
        for (Statement statement : statements) {
            Flow flow;
            budget.enter();
            try {
                flow = one(statement, scope);
            } catch (JinjaException e) {
                throw e.inLine(statement.line());
            }
            budget.leave();
            if (flow != Flow.END) {
                return flow;
            }
        }
        return Flow.END;
    }

    private Flow one(Statement statement, Scope scope) {
        if (statement instanceof Statement.Text text) {
            write(text.text());
        } else if (statement instanceof Statement.Print print) {
            write(PythonText.str(evaluate.of(print.value(), scope)));
        } else if (statement instanceof Statement.If condition) {
            return condition(condition, scope);
        } else if (statement instanceof Statement.For loop) {
            loop(loop, evaluate.of(loop.items(), scope), scope, 0);
        } else if (statement instanceof Statement.Set set) {
            assign(set.target(), evaluate.of(set.value(), scope), scope);
        } else if (statement instanceof Statement.Jump jump) {
            return jump.ends() ? Flow.BREAK : Flow.CONTINUE;
        } else if (statement instanceof Statement.Generation generation) {
            int begin = output.length();
            Flow flow = body(generation.body(), new Scope(scope));
            if (captures == 0) {
                generated.add(new Rendered.Span(begin, output.length()));
            }
            return flow;
        } else {
            block(statement, scope);
        }
        return Flow.END;
    }

    private void block(Statement statement, Scope scope) {
        if (statement instanceof Statement.SetBlock set) {
            String text = capture(set.body(), new Scope(scope));
            Object value =
                    set.filters() == null ? text : evaluate.filtered(set.filters(), text, scope);
            assign(set.target(), value, scope);
        } else if (statement instanceof Statement.FilterBlock filter) {
            String text = capture(filter.body(), new Scope(scope));
            write(PythonText.str(evaluate.filtered(filter.filters(), text, scope)));
        } else if (statement instanceof Statement.With with) {
            Scope inner = new Scope(scope);
            for (int i = 0; i < with.targets().size(); i++) {
                assign(with.targets().get(i), evaluate.of(with.values().get(i), scope), inner);
            }
            body(with.body(), inner);
        } else if (statement instanceof Statement.MacroBlock macro) {
            scope.set(macro.name(), macro(macro.name(), macro.signature(), macro.body(), scope));
        } else if (statement instanceof Statement.CallBlock block) {
            Expression.Call call = block.call();
            CallArguments arguments = evaluate.arguments(call.arguments(), scope);
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            named.put("caller", macro("caller", block.signature(), block.body(), scope));
            Object function = evaluate.of(call.function(), scope);
            CallArguments all = new CallArguments(arguments.positional(), named);
            write(PythonText.str(evaluate.call(function, all)));
        }
    }

    private Flow condition(Statement.If condition, Scope scope) {
        for (int i = 0; i < condition.tests().size(); i++) {
            if (Values.isTrue(evaluate.of(condition.tests().get(i), scope))) {
                return body(condition.bodies().get(i), scope);
            }
        }
        return condition.bodies().size() > condition.tests().size()
                ? body(condition.bodies().get(condition.tests().size()), scope)
                : Flow.END;
    }

    private void loop(Statement.For loop, Object given, Scope scope, int depth) {
        List<Object> items = chosen(loop, Values.iterate(given), scope);
        LoopVariable state =
                new LoopVariable(items, depth, loop.recursive() ? again(loop, scope, depth) : null);
        boolean went = false; // through the whole body, which is what Jinja2 asks for else
        Flow flow = Flow.END;
        for (int i = 0; i < items.size() && flow != Flow.BREAK; i++) {
            state.at(i);
            Scope inner = new Scope(scope);
            inner.set("loop", state);
            assign(loop.target(), items.get(i), inner);
            flow = body(loop.body(), inner);
            went |= flow == Flow.END;
        }
        if (!went) {
            body(loop.otherwise(), new Scope(scope));
        }
    }

    private List<Object> chosen(Statement.For loop, List<Object> items, Scope scope) {
        Expression test = loop.test();
        if (test == null) {
            return items;
        }
        List<Object> chosen = new ArrayList<>();
        for (Object item : items) {
            Scope inner = new Scope(scope);
            assign(loop.target(), item, inner);
            if (Values.isTrue(evaluate.of(test, inner))) {
                chosen.add(item);
            }
        }
        return chosen;
    }

    private Callable again(Statement.For loop, Scope scope, int depth) {
        return arguments -> {
            Object items = arguments.bind("loop", "items").get("items");
            return captured(() -> loop(loop, items, scope, depth + 1));
        };
    }

    private Callable macro(
            String name, Signature signature, List<Statement> body, Scope definition) {
        return arguments -> {
            Scope scope = new Scope(definition);
            Set<String> extra = new LinkedHashSet<>();
            Object caller = arguments.named().get("caller");
            if (caller != null && !signature.names().contains("caller")) {
                scope.set("caller", caller);
                extra.add("caller");
            }
            CallArguments.Bound bound =
                    arguments.without(extra).bind(name, signature.names().toArray(String[]::new));
            int withDefault = signature.names().size() - signature.defaults().size();
            for (int i = 0; i < signature.names().size(); i++) {
                String parameter = signature.names().get(i);
                Object value;
                if (bound.has(parameter)) {
                    value = bound.get(parameter);
                } else if (i >= withDefault) {
                    value = evaluate.of(signature.defaults().get(i - withDefault), scope);
                } else {
                    value = new Undefined("the argument '" + parameter + "' was not given");
                }
                scope.set(parameter, value);
            }
            return capture(body, scope);
        };
    }

    private String capture(List<Statement> body, Scope scope) {
        return captured(() -> body(body, scope));
    }

    private String captured(Runnable rendering) {
        StringBuilder outer = output;
        output = new StringBuilder();
        captures++;
        try {
            rendering.run();
            return output.toString();
        } finally {
            output = outer;
            captures--;
        }
    }

    private void assign(Target target, Object value, Scope scope) {
        if (target instanceof Target.Variable variable) {
            scope.set(variable.name(), value);
        } else if (target instanceof Target.Member member) {
            if (!(scope.find(member.namespace()).orElse(None.NONE)
                    instanceof Namespace namespace)) {
                throw JinjaException.of(
                        "an attribute can be assigned to a namespace only, and "
                                + member.namespace()
                                + " is none");
            }
            namespace.members().put(member.name(), value);
        } else if (target instanceof Target.Several several) {
            List<Object> values = Values.iterate(value);
            if (values.size() != several.targets().size()) {
                throw JinjaException.of(
                        values.size()
                                + " values cannot be assigned to "
                                + several.targets().size()
                                + " names");
            }
            for (int i = 0; i < values.size(); i++) {
                assign(several.targets().get(i), values.get(i), scope);
            }
        }
    }

    private void write(String text) {
        output.append(budget.made(text));
    }
}
